"""Child processes in which strangers' pictures are decoded: bounded in memory, time and number, never the loop's."""

import asyncio
import multiprocessing
import signal
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from typing import Final, ParamSpec, TypeVar

from pebble import ProcessExpired, ProcessPool
from prometheus_client import Counter

from libs.common.errors import Unavailable
from libs.common.logs import log
from services.vision import pictures
from services.vision.decoder_child import limit_this_process, within
from services.vision.pictures import BadPicture, Crop, Inspected, Standardized, Undecodable

P = ParamSpec("P")
Result = TypeVar("Result")

MAX_TASKS_A_CHILD: Final = 200
MEGABYTE: Final = 1024 * 1024
ATTEMPTS: Final = 2
"""A child can be killed by others than its picture; a picture that kills a second one is to blame."""

lost_children = Counter(
    "vision_decoder_children_lost_total", "Pictures that ended otherwise than made or refused.", ["reason"]
)


class Decoder:
    """A few child processes. A picture that takes too much of anything costs its own child and nothing else.

    Started by the first picture, so that a service at rest holds no idle children.
    """

    def __init__(
        self,
        *,
        children: int,
        max_waiting: int,
        memory_mb: int,
        cpu_seconds: int,
        timeout_seconds: float,
        max_pixels: int,
    ) -> None:
        self._children = children
        self._memory = memory_mb * MEGABYTE
        self._cpu_seconds = cpu_seconds
        self._timeout = timeout_seconds
        self._max_pixels = max_pixels
        self._places = asyncio.Semaphore(children + max_waiting)
        self._pool: ProcessPool | None = None

    async def inspect(self, data: bytes) -> Inspected:
        """A cheap look at an upload. Raises `BadPicture` in its kinds, `Unavailable` when too many wait."""
        return await self._run(pictures.inspect, data, self._max_pixels)

    async def standardize(
        self, data: bytes, rotation: int, crop: Crop | None, max_side: int = pictures.MAX_SIDE
    ) -> Standardized:
        """The served PNG, its thumbnail and the model's JPEG. Raises as `inspect`."""
        return await self._run(pictures.standardize, data, rotation, crop, self._max_pixels, max_side)

    async def render_for_model(self, data: bytes) -> bytes:
        """The model's JPEG alone. Raises as `inspect`."""
        return await self._run(pictures.render_for_model, data, self._max_pixels)

    async def close(self) -> None:
        """Kills the children, also in the middle of a picture."""
        if self._pool is not None:
            pool, self._pool = self._pool, None
            await _end(pool)

    async def _run(self, function: Callable[P, Result], /, *args: P.args, **kwargs: P.kwargs) -> Result:
        if self._places.locked():
            raise Unavailable
        outcome: type[Exception] = Undecodable
        async with self._places:
            for _ in range(ATTEMPTS):
                try:
                    return await self._in_a_child(function, *args, **kwargs)
                except ProcessExpired as error:
                    outcome = Undecodable
                    if error.exitcode == -signal.SIGXCPU:
                        self._lost("cpu")
                        break
                    self._lost("crash")
                except BrokenProcessPool:
                    # A child was killed while it took its task, and no other can take one any more.
                    outcome = Unavailable
                    self._lost("pool")
        raise outcome

    async def _in_a_child(self, function: Callable[P, Result], /, *args: P.args, **kwargs: P.kwargs) -> Result:
        """Raises `ProcessExpired` when the child has died, `BrokenProcessPool` when all have."""
        pool = self._running_pool()
        try:
            result: Result = await asyncio.wrap_future(self._schedule(pool, function, *args, **kwargs))
        except (BadPicture, ProcessExpired):
            raise
        except TimeoutError:
            self._lost("time")
        except MemoryError:
            self._lost("memory")
        except BrokenProcessPool:
            if self._pool is pool:
                self._pool = None
                await _end(pool)
            raise
        except Exception as error:  # noqa: BLE001 - a picture that nobody foresaw is refused, and looked at by us
            lost_children.labels("unforeseen").inc()
            log.error("decoder.picture_unforeseen", exc_info=error)
        else:
            return result
        raise Undecodable

    def _schedule(
        self, pool: ProcessPool, function: Callable[P, Result], /, *args: P.args, **kwargs: P.kwargs
    ) -> Future[Result]:
        try:
            future: Future[Result] = pool.schedule(
                within, args=(self._cpu_seconds, function, *args), kwargs=kwargs, timeout=self._timeout
            )
        except RuntimeError:  # It has broken since it was looked at.
            raise BrokenProcessPool from None
        return future

    def _running_pool(self) -> ProcessPool:
        if self._pool is None or not self._pool.active:
            self._pool = ProcessPool(
                max_workers=self._children,
                max_tasks=MAX_TASKS_A_CHILD,
                initializer=limit_this_process,
                initargs=(self._memory,),
                # A fork of a process with threads and an event loop would inherit their locks.
                context=multiprocessing.get_context("spawn"),
            )
        return self._pool

    @staticmethod
    def _lost(reason: str) -> None:
        lost_children.labels(reason).inc()
        log.warning("decoder.child_lost", reason=reason)


async def _end(pool: ProcessPool) -> None:
    pool.stop()  # type: ignore[no-untyped-call]
    await asyncio.to_thread(pool.join)
