"""Calls that cost money: noted before they are made, stored before they are read, never made twice knowingly."""

import asyncio
import time
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.availability import is_away
from libs.common.db import Database
from libs.common.faults import fault
from libs.common.logs import log
from libs.common.values import now
from services.vision import meters
from services.vision.bounds import check_budget
from services.vision.costs import cost_usd
from services.vision.models import AnalysisJob, ProviderCall
from services.vision.providers.provider import Answer, EmptyAnswer, Provider, ProviderFailed
from services.vision.queue import Claim, LeaseLost, hold
from services.vision.settings import VisionSettings

PATIENCE_SECONDS: Final = 120.0
AGAIN_SECONDS: Final = 0.5


async def ask_and_pay(
    db: Database, settings: VisionSettings, claim: Claim, provider: Provider, picture: bytes
) -> dict[str, Any]:
    """The provider's answer, stored as it came. An empty one counts on the last attempt: it names no animal.

    Raises:
        BudgetExhausted: nobody was asked.
        ProviderFailed: no usable answer.
        LeaseLost: the job went to somebody else; the bill is noted all the same.
    """
    job = claim.job
    model = provider.model(job.model_name)
    async with db.transaction() as session:
        await hold(session, claim)
        await check_budget(session, settings)
        call_id = await _note_intent(session, job, model)
    fault("vision.after_intent_before_call")
    try:
        answer = await provider.ask(picture, model=model, detail=job.detail_level, key=str(call_id))
    except EmptyAnswer as error:
        is_last = job.retry_count + 1 >= settings.cv_max_attempts
        await _note_paid(db, claim, call_id, error.reason, error.answer, is_kept=is_last)
        if not is_last:
            raise
        return error.answer.body
    except ProviderFailed as error:
        await _note_failure(db, call_id, error.reason)
        raise
    fault("vision.after_answer_before_store")
    await _note_paid(db, claim, call_id, "answered", answer, is_kept=True)
    return answer.body


async def _note_intent(session: AsyncSession, job: AnalysisJob, model: str) -> UUID:
    """The intent to call. One whose end nobody knows is repeated under its own key, not under a new one."""
    unknown = await session.scalar(
        select(ProviderCall.id)
        .where(ProviderCall.job_id == job.id, ProviderCall.model == model, ProviderCall.finished_at.is_(None))
        .order_by(ProviderCall.started_at.desc())
        .limit(1)
    )
    if unknown is not None:
        return unknown
    # By the database's clock, by which it will be counted.
    call = ProviderCall(job_id=job.id, user_id=job.user_id, model=model, started_at=func.now())
    session.add(call)
    await session.flush()
    return call.id


async def _note_failure(db: Database, call_id: UUID, reason: str) -> None:
    async with db.transaction() as session:
        call = await session.get(ProviderCall, call_id)
        if call is not None:
            call.finished_at = now()
            call.result = reason


async def _note_paid(db: Database, claim: Claim, call_id: UUID, result: str, answer: Answer, *, is_kept: bool) -> None:
    """Notes what was paid for, however often it takes: a database that is away for a moment must not cost a call."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            await _note_answer(db, claim, call_id, result, answer, is_kept=is_kept)
        except Exception as error:
            if not is_away(error) or time.monotonic() > until:
                raise
            log.warning("worker.answer_not_stored_yet", job=str(claim.job.id), error=type(error).__name__)
            await asyncio.sleep(AGAIN_SECONDS)
        else:
            return


async def _note_answer(
    db: Database, claim: Claim, call_id: UUID, result: str, answer: Answer, *, is_kept: bool
) -> None:
    """The end of the call, the job's bill and the raw answer at once, unread: after a crash all are there, or none.

    The bill stands even if the job was taken away meanwhile; the answer then counts only where nobody else has begun.

    Raises:
        LeaseLost
    """
    async with db.transaction() as session:
        call = await session.get(ProviderCall, call_id)
        job = await session.get(AnalysisJob, claim.job.id, with_for_update=True)
        if call is not None:
            call.finished_at = now()
            call.result = result
            call.input_tokens, call.output_tokens = answer.input_tokens or 0, answer.output_tokens or 0
            call.cost_usd = cost_usd(call.model, call.input_tokens, call.output_tokens)
            meters.cost.labels(call.model).inc(float(call.cost_usd))
            await session.flush()
        if call is not None and job is not None:
            await _bill(session, job)
        is_ours = job is not None and job.lease_token == claim.token
        if job is not None and is_kept and (is_ours or _waits_for_another(job, claim)):
            job.raw_response = answer.body
    if not is_ours:
        raise LeaseLost


def _waits_for_another(job: AnalysisJob, claim: Claim) -> bool:
    """Whether the same question is queued again, so that whoever takes it next need not pay for it again."""
    same = job.raw_response is None and job.transformations == claim.job.transformations
    return same and job.lease_token is None and job.run_at is not None


async def _bill(session: AsyncSession, job: AnalysisJob) -> None:
    """Counted anew, never added up: what the job's calls have cost so far."""
    sums = select(
        func.sum(ProviderCall.input_tokens), func.sum(ProviderCall.output_tokens), func.sum(ProviderCall.cost_usd)
    )
    row = (await session.execute(sums.where(ProviderCall.job_id == job.id))).one()
    job.input_tokens, job.output_tokens, job.cost_usd = row
