"""Does jobs: a few at a time, each with its heartbeat, to whatever end."""

import asyncio
import time
from contextlib import suppress
from typing import Final

from libs.common.availability import is_away
from libs.common.logs import log
from libs.common.telemetry import continued
from services.vision import meters, queue
from services.vision.bounds import BudgetExhausted
from services.vision.identification import Laboratory, PictureUnreadable, identify
from services.vision.providers.openai import TRY_LATER
from services.vision.providers.provider import ProviderFailed
from services.vision.queue import Claim, LeaseLost

UNREADABLE: Final = "The image could not be read."


class Runner:
    """Keeps `cv_concurrent_jobs` jobs in hand as long as there are any."""

    def __init__(self, lab: Laboratory, ring: asyncio.Event) -> None:
        self._lab = lab
        self._ring = ring
        self._hands = asyncio.Semaphore(lab.settings.cv_concurrent_jobs)

    async def run(self) -> None:
        """Works until cancelled; jobs in hand are put back then, for another worker to take at once."""
        async with asyncio.TaskGroup() as jobs:
            while True:
                await self._hands.acquire()
                self._ring.clear()
                claim = await self._next()
                if claim is None:
                    self._hands.release()
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._ring.wait(), self._lab.settings.cv_poll_seconds)
                else:
                    jobs.create_task(self._with_a_hand(claim))

    async def _next(self) -> Claim | None:
        try:
            async with self._lab.db.transaction() as session:
                return await queue.claim(session, self._lab.settings.cv_lease_seconds)
        except Exception as error:
            if not is_away(error):
                raise
            log.warning("worker.database_away", error=type(error).__name__)
            return None

    async def _with_a_hand(self, claim: Claim) -> None:
        try:
            with continued(claim.job.trace, "identify"):
                await self.do(claim)
        finally:
            self._hands.release()

    async def do(self, claim: Claim) -> None:
        """One job to whatever end; never raises but for cancellation."""
        began, status = time.monotonic(), "failure"
        meters.active_tasks.labels(meters.TASK).inc()
        try:
            status = await self._attempt(claim)
        except LeaseLost:
            log.warning("worker.lease_lost", job=str(claim.job.id))
        except asyncio.CancelledError:
            with suppress(Exception):
                async with self._lab.db.transaction() as session:
                    await queue.put_back(session, claim)
            raise
        except Exception as error:  # noqa: BLE001 - the lease runs out, and whoever reaps it counts the attempt
            log.error("worker.job_left_behind", job=str(claim.job.id), exc_info=error)
        finally:
            meters.active_tasks.labels(meters.TASK).dec()
            meters.tasks.labels(meters.TASK, status).inc()
            seconds = time.monotonic() - began
            meters.task_seconds.labels(meters.TASK).observe(seconds)
            log.info("job", job=str(claim.job.id), status=status, ms=round(seconds * 1000, 1))

    async def _attempt(self, claim: Claim) -> str:
        """Identifies, or counts the failure. `success` if there are names now; `postponed` if it was no attempt."""
        try:
            await self._with_heartbeat(claim)
        except ProviderFailed as error:
            await self._count(
                claim, error.reason, error.sentence, is_final=error.is_final, not_before=error.retry_after
            )
        except BudgetExhausted:
            async with self._lab.db.transaction() as session:
                await queue.put_off(session, claim)
            return "postponed"
        except PictureUnreadable:
            await self._count(claim, "undecodable", UNREADABLE, is_final=True)
        except LeaseLost:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it was, the attempt is over and counts
            log.error("worker.attempt_failed", job=str(claim.job.id), exc_info=error)
            await self._count(claim, "internal_error", TRY_LATER, is_final=False)
        else:
            return "success"
        return "failure"

    async def _with_heartbeat(self, claim: Claim) -> None:
        work = asyncio.create_task(identify(self._lab, claim))
        heart = asyncio.create_task(self._beat(claim, work))
        try:
            await work
        except asyncio.CancelledError:
            me = asyncio.current_task()
            if me is not None and me.cancelling():
                raise
            raise LeaseLost from None
        finally:
            heart.cancel()

    async def _beat(self, claim: Claim, work: "asyncio.Task[None]") -> None:
        """Extends the lease while the work goes on; stops the work when the lease is lost."""
        lease = self._lab.settings.cv_lease_seconds
        while True:
            await asyncio.sleep(lease / 3)
            try:
                async with self._lab.db.transaction() as session:
                    await queue.extend(session, claim, lease)
            except LeaseLost:
                work.cancel()
                return
            except Exception as error:  # noqa: BLE001 - the next beat may get through
                log.warning("worker.heartbeat_failed", error=type(error).__name__)

    async def _count(
        self, claim: Claim, reason: str, sentence: str, *, is_final: bool, not_before: float = 0.0
    ) -> None:
        async with self._lab.db.transaction() as session:
            job = await queue.hold(session, claim)
            queue.count_failure(
                *(session, job, self._lab.settings),
                reason=reason,
                sentence=sentence,
                is_final=is_final,
                not_before=not_before,
            )
