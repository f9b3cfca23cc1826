"""No job is stuck, forgotten, or has two ends."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final

from sqlalchemy import func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.recovery.audit import Finding, Surroundings
from services.vision.models import AnalysisJob
from services.vision.upload_jobs import REPEATED_WITHIN

MOST: Final = 500
OVERDUE: Final = timedelta(minutes=1)
"""How long after it was due a job may wait: for a worker, for the end of a dead one's lease, for its animals."""
FOR_EVER: Final = timedelta(hours=1)
"""A job that nobody has ended by then is stuck, however it got there."""

# All that was ever told of each job; `past_event` has what has become too old for the outbox.
TOLD: Final = """
told AS (
    SELECT job, max(version) AS last, count(*) FILTER (WHERE subject = 'image.uploaded') AS uploads,
        max(version) FILTER (WHERE subject = 'identification.failed') AS failed
    FROM (
        SELECT aggregate_id AS job, version, subject FROM outbox WHERE aggregate_type IN ('image', 'identification')
        UNION ALL
        SELECT aggregate_id, version, subject FROM past_event WHERE aggregate_type IN ('image', 'identification')
    ) AS written GROUP BY job
)
"""
UNLIKE_TOLD: Final = text(f"""
WITH {TOLD}, identified AS (
    SELECT aggregate_id AS job, version FROM outbox WHERE subject = 'image.identified'
    UNION ALL SELECT aggregate_id, version FROM past_event WHERE subject = 'image.identified'
)
SELECT * FROM (
    SELECT jobs.id, jobs.status, CASE
        WHEN told.job IS NULL OR told.uploads = 0 THEN 'was never told of'
        WHEN told.uploads > 1 THEN 'was told of more than once'
        WHEN told.last <> jobs.version THEN 'is @' || jobs.version || ', and was told of as @' || told.last
        WHEN jobs.status = 'failed' AND told.failed IS DISTINCT FROM jobs.version THEN 'did not tell that it failed'
        WHEN jobs.status = 'completed' AND told.failed > jobs.announced_version THEN 'told that it failed'
        WHEN jobs.announced_version IS NOT NULL AND jobs.status <> 'failed' AND NOT EXISTS (
            SELECT FROM identified WHERE identified.job = jobs.id AND identified.version = jobs.announced_version
        ) THEN 'did not tell what it found'
    END AS wrong
    FROM analysis_jobs AS jobs LEFT JOIN told ON told.job = jobs.id
) AS judged WHERE wrong IS NOT NULL ORDER BY id LIMIT {MOST}
""")
WITHOUT_RESULT: Final = text(f"""
SELECT id, status FROM analysis_jobs
WHERE (status = 'completed' AND (completed_at IS NULL OR outcome IS NULL OR announced_version IS NULL
        OR raw_response IS NULL OR (outcome = 'identified') <> (identified_animal IS NOT NULL
        OR jsonb_array_length(detected_animals) > 0)))
    OR (status = 'failed' AND (completed_at IS NULL OR error_message = ''))
    OR status NOT IN ('pending', 'processing', 'completed', 'failed')
ORDER BY id LIMIT {MOST}
""")
# Said again as often as it takes, but always the same.
TWO_RESULTS: Final = text(f"""
SELECT told.aggregate_id AS id FROM outbox AS told JOIN analysis_jobs AS jobs ON jobs.id = told.aggregate_id
WHERE told.subject = 'image.identified' AND told.version >= jobs.announced_version AND told.forgotten_at IS NULL
GROUP BY told.aggregate_id
HAVING count(DISTINCT convert_from(told.payload, 'UTF8')::jsonb - '{{version,picture}}'::text[]) > 1
ORDER BY id LIMIT {MOST}
""")
# While one is unfinished, a repeated request leads to it. One that had failed when the next began was tried again.
ASKED_TWICE: Final = text(f"""
SELECT later.id, earlier.id AS first FROM analysis_jobs AS later JOIN analysis_jobs AS earlier
    ON earlier.source_conversion_id = later.source_conversion_id AND earlier.id <> later.id
    AND (earlier.created_at, earlier.id) < (later.created_at, later.id)
    AND coalesce(earlier.completed_at, 'infinity') > later.created_at
WHERE NOT EXISTS (
    SELECT FROM outbox WHERE outbox.aggregate_type = 'identification' AND outbox.aggregate_id = earlier.id
        AND outbox.created_at <= later.created_at
) AND later.created_at > now() - interval '30 days' ORDER BY later.id LIMIT {MOST}
""")
# The same of uploads that came with the request, as long as a client may repeat it.
SENT_TWICE: Final = text(f"""
SELECT later.id, earlier.id AS first FROM analysis_jobs AS later JOIN analysis_jobs AS earlier
    ON earlier.user_id = later.user_id AND earlier.upload_sha256 = later.upload_sha256 AND earlier.id <> later.id
    AND (earlier.cv_method, earlier.model_name, earlier.detail_level, earlier.post_conversion_transformations)
        = (later.cv_method, later.model_name, later.detail_level, later.post_conversion_transformations)
    AND (earlier.created_at, earlier.id) < (later.created_at, later.id)
    AND earlier.created_at > later.created_at - CAST(:within AS interval)
    AND coalesce(earlier.completed_at, 'infinity') > later.created_at
    AND earlier.transformations = later.transformations
WHERE NOT EXISTS (
    SELECT FROM outbox WHERE outbox.aggregate_type = 'identification' AND outbox.aggregate_id = earlier.id
        AND outbox.created_at <= later.created_at
) AND later.created_at > now() - interval '30 days' ORDER BY later.id LIMIT {MOST}
""")


async def no_job_is_stuck(session: AsyncSession, _surroundings: Surroundings) -> AsyncIterator[Finding]:
    """An unfinished job is in the queue, in living hands, or waiting for its animals; a finished one is in none."""
    latest, job = func.now() - OVERDUE, AnalysisJob
    unfinished = job.status.in_(("pending", "processing"))
    in_no_hands = job.run_at.is_(None) & job.lease_until.is_(None) & job.announced_version.is_(None)
    overdue = or_(
        job.run_at < latest,
        job.lease_until < latest,
        job.run_at.is_(None) & job.lease_until.is_(None) & (job.announced_at < latest),
        # Later for so long is a job only if there is no money for it (`CV_DAILY_BUDGET_USD`).
        (job.created_at < func.now() - FOR_EVER) & or_(job.run_at.is_(None), job.run_at <= func.now()),
    )
    worked_on = job.run_at.is_not(None) | job.lease_until.is_not(None)
    jobs = select(job.id, job.status).where(or_(unfinished & or_(in_no_hands, overdue), ~unfinished & worked_on))
    for row in await session.execute(jobs.order_by(job.id).limit(MOST)):
        yield f"job/{row.id}", f"job {row.id} is {row.status} and nobody ends it, or it is ended and still queued"


async def every_job_was_told_of_as_it_is(session: AsyncSession, _surroundings: Surroundings) -> AsyncIterator[Finding]:
    """One upload, each version told, and as the last thing how it ended (contract E)."""
    for row in await session.execute(UNLIKE_TOLD):
        yield f"told/{row.id}", f"job {row.id} ({row.status}) {row.wrong}"


async def every_job_has_one_result(session: AsyncSession, _surroundings: Surroundings) -> AsyncIterator[Finding]:
    """A completed job has what it found, a failed one a reason, and neither found two things (contract B6)."""
    for row in await session.execute(WITHOUT_RESULT):
        yield f"result/{row.id}", f"job {row.id} is {row.status} without what belongs to that"
    for row in await session.execute(TWO_RESULTS):
        yield f"results/{row.id}", f"job {row.id} has told of two results"


async def no_conversion_is_asked_about_twice(
    session: AsyncSession, _surroundings: Surroundings
) -> AsyncIterator[Finding]:
    """While a job of a conversion is unfinished, there is no second one (contract V2)."""
    for row in await session.execute(ASKED_TWICE):
        yield f"again/{row.id}", f"job {row.id} was begun while job {row.first} of the same conversion was unfinished"


async def no_upload_is_taken_twice(session: AsyncSession, _surroundings: Surroundings) -> AsyncIterator[Finding]:
    """While a job is young and unfinished, the same request with the same picture leads to it (contract V2)."""
    for row in await session.execute(SENT_TWICE, {"within": REPEATED_WITHIN}):
        yield f"again/{row.id}", f"job {row.id} was begun by a repeat of what job {row.first} was begun by"
