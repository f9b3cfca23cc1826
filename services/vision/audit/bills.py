"""What was paid: by the notes of the calls, and by the ledger of whoever was paid."""

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.outbox import forgotten_person
from libs.common.recovery.audit import Finding, Surroundings
from libs.common.recovery.ledger import Call, Ledger
from services.vision.models import ImageConversion, ProviderCall

MOST: Final = 500
PAID_FOR_NOTHING: Final = frozenset({"empty_answer"})
"""Results of calls that cost, and after which it is right to ask again."""

# While a worker has the job in hand, a call may be noted and its bill not yet.
UNLIKE_CALLS: Final = text(f"""
SELECT jobs.id, jobs.cost_usd AS cost, calls.cost AS paid FROM analysis_jobs AS jobs JOIN (
    SELECT job_id, sum(cost_usd) AS cost, sum(input_tokens) AS input, sum(output_tokens) AS output
    FROM provider_calls GROUP BY job_id
) AS calls ON calls.job_id = jobs.id
WHERE jobs.lease_until IS NULL AND (coalesce(jobs.cost_usd, 0), coalesce(jobs.input_tokens, 0),
    coalesce(jobs.output_tokens, 0)) <> (calls.cost, calls.input, calls.output)
ORDER BY jobs.id LIMIT {MOST}
""")
ENDLESS: Final = text(f"""
SELECT jobs.id, jobs.status, jobs.retry_count, calls.count FROM analysis_jobs AS jobs JOIN (
    SELECT job_id, count(*) AS count FROM provider_calls WHERE finished_at IS NULL GROUP BY job_id
) AS calls ON calls.job_id = jobs.id
WHERE (jobs.status = 'completed' AND jobs.raw_response IS NOT NULL)
    OR (jobs.status = 'failed' AND calls.count > jobs.retry_count)
ORDER BY jobs.id LIMIT {MOST}
""")


async def every_job_bears_what_its_calls_cost(
    session: AsyncSession, _surroundings: Surroundings
) -> AsyncIterator[Finding]:
    """A job's bill is the sum of its calls (contract B5)."""
    for row in await session.execute(UNLIKE_CALLS):
        yield (
            f"bill/{row.id}",
            f"job {row.id} is billed {row.cost} USD, its calls cost {row.paid} USD, or their tokens differ",
        )


async def every_call_has_an_end(session: AsyncSession, _surroundings: Surroundings) -> AsyncIterator[Finding]:
    """A call whose answer nobody got is repeated under its own key, or was an attempt that counts (contract B6)."""
    for row in await session.execute(ENDLESS):
        yield (
            f"call/{row.id}",
            f"job {row.id} is {row.status} after {row.retry_count} attempts that failed, and of {row.count} calls "
            "nobody knows the end",
        )


async def no_call_is_paid_for_twice(session: AsyncSession, surroundings: Surroundings) -> AsyncIterator[Finding]:
    """Every bill belongs to a call that was noted before; of a job there is one, but for `spare` of all together."""
    ledger, history = surroundings.ledger, surroundings.history
    if ledger is None:
        return
    notes = await _notes(session, ledger)
    for call in ledger.billed:
        if call.key not in notes and not await _may_be_erased(session, call):
            yield f"unnoted/{call.key or call.at}", f"the call {call.key} of {call.at} was billed, and nobody noted it"
    again = Counter({job: count - 1 for job, count in _bills(ledger, notes).items()})
    if history is not None:
        for job, past in history.of("job").items():
            again[job] -= sum(line.verb == "retried" for line in past.lines)
    more = {job: count for job, count in again.items() if count > 0}
    if sum(more.values()) > ledger.spare:
        for job, count in sorted(more.items())[:MOST]:
            yield (
                f"paid/{job}",
                f"job {job} was paid for {count} times more than once; {ledger.spare} of all are allowed",
            )
    async for finding in _made_up(session, ledger, notes):
        yield finding
    async for finding in _uploads_sent(session, ledger):
        yield finding


async def _notes(session: AsyncSession, ledger: Ledger) -> dict[str, Any]:
    keys = {UUID(call.key) for call in ledger.calls if call.key and _is_id(call.key)}
    columns = (ProviderCall.id, ProviderCall.job_id, ProviderCall.result)
    return {str(row.id): row for row in await session.execute(select(*columns).where(ProviderCall.id.in_(keys)))}


def _bills(ledger: Ledger, notes: dict[str, Any]) -> Counter[str]:
    """How often each job was paid for, without the answers that were empty."""
    times = Counter(call.key for call in ledger.billed)
    bills = Counter[str]()
    for key, note in notes.items():
        if note.job_id is None:
            continue  # Its player has gone, and nobody can say which calls were of one job.
        for_nothing = min(times[key], 1) if note.result in PAID_FOR_NOTHING else 0
        bills[str(note.job_id)] += times[key] - for_nothing
    return bills


async def _may_be_erased(session: AsyncSession, call: Call) -> bool:
    """The notes of a player who has gone since go with the player."""
    since = func.extract("epoch", func.max(forgotten_person.c.since))
    last = await session.scalar(select(since))
    return last is not None and call.at <= float(last)


async def _made_up(session: AsyncSession, ledger: Ledger, notes: dict[str, Any]) -> AsyncIterator[Finding]:
    """Answers that were noted while the ledger was kept, and that nobody has given."""
    if not ledger.calls:
        return
    began = min(call.at for call in ledger.calls)
    asked = {call.key for call in ledger.calls}
    columns = (ProviderCall.id, ProviderCall.job_id, ProviderCall.started_at)
    answered = select(*columns).where(ProviderCall.result == "answered")
    for row in await session.execute(answered.where(ProviderCall.started_at > _moment(began))):
        if str(row.id) not in asked:
            yield f"answer/{row.id}", f"call {row.id} of job {row.job_id} has an answer, and was never made"


async def _uploads_sent(session: AsyncSession, ledger: Ledger) -> AsyncIterator[Finding]:
    """The model sees a rendition without metadata, never an upload as it came (contract B5)."""
    sent = {call.sha256 for call in ledger.calls}
    raw = select(ImageConversion.id, ImageConversion.original_sha256)
    for row in await session.execute(raw.where(ImageConversion.original_sha256.in_(sent)).limit(MOST)):
        yield f"upload/{row.id}", f"the upload of conversion {row.id} was shown to the model as it came"


def _moment(at: float) -> Any:
    return func.to_timestamp(at)


def _is_id(key: str) -> bool:
    try:
        UUID(key)
    except ValueError:
        return False
    return True
