"""Calls that cost money: noted before they are made, stored before they are read, never made twice knowingly."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.db import Database
from libs.common.faults import fault
from libs.common.values import now
from services.vision import meters
from services.vision.costs import cost_usd
from services.vision.models import AnalysisJob, ProviderCall
from services.vision.providers.provider import Answer, EmptyAnswer, Provider, ProviderFailed
from services.vision.queue import Claim, hold
from services.vision.settings import VisionSettings


async def ask_and_pay(
    db: Database, settings: VisionSettings, claim: Claim, provider: Provider, picture: bytes
) -> dict[str, Any]:
    """The provider's answer, stored as it came. An empty one counts on the last attempt: it names no animal.

    Raises:
        ProviderFailed: no usable answer.
        LeaseLost: the job went to somebody else; the bill is noted all the same.
    """
    job = claim.job
    model = provider.model(job.model_name)
    async with db.transaction() as session:
        await hold(session, claim)
        call_id = await _note_intent(session, job, model)
    fault("vision.after_intent_before_call")
    try:
        answer = await provider.ask(picture, model=model, detail=job.detail_level, key=str(call_id))
    except EmptyAnswer as error:
        await _note_result(db, call_id, error.reason, error.answer)
        is_last = job.retry_count + 1 >= settings.cv_max_attempts
        await _store(db, claim, error.answer, model, is_kept=is_last)
        if not is_last:
            raise
        return error.answer.body
    except ProviderFailed as error:
        await _note_result(db, call_id, error.reason, None)
        raise
    fault("vision.after_answer_before_store")
    await _note_result(db, call_id, "answered", answer)
    await _store(db, claim, answer, model, is_kept=True)
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
    call = ProviderCall(job_id=job.id, model=model)
    session.add(call)
    await session.flush()
    return call.id


async def _note_result(db: Database, call_id: UUID, result: str, answer: Answer | None) -> None:
    """A transaction of its own, without the job: the bill stands even if the job has other hands by now."""
    async with db.transaction() as session:
        call = await session.get(ProviderCall, call_id)
        if call is None:
            return  # The job was erased with its owner.
        call.finished_at = now()
        call.result = result
        if answer is not None:
            call.input_tokens, call.output_tokens = answer.input_tokens or 0, answer.output_tokens or 0
            call.cost_usd = cost_usd(call.model, call.input_tokens, call.output_tokens)
            meters.cost.labels(call.model).inc(float(call.cost_usd))


async def _store(db: Database, claim: Claim, answer: Answer, model: str, *, is_kept: bool) -> None:
    """Adds a call to the job's bill and keeps the raw answer, before anybody reads it."""
    spent_in, spent_out = answer.input_tokens or 0, answer.output_tokens or 0
    async with db.transaction() as session:
        job = await hold(session, claim)
        job.input_tokens = (job.input_tokens or 0) + spent_in
        job.output_tokens = (job.output_tokens or 0) + spent_out
        job.cost_usd = (job.cost_usd or Decimal(0)) + cost_usd(model, spent_in, spent_out)
        if is_kept:
            job.raw_response = answer.body
