"""Jobs and conversions as clients were told of them."""

import time
from collections.abc import AsyncIterator
from typing import Any, Final

from sqlalchemy import func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.recovery.audit import Asked, Present
from libs.common.recovery.history import ANYTHING
from services.vision.conversions import LIFETIME
from services.vision.models import AnalysisJob, ImageConversion

BATCH: Final = 500
IMPLIED: Final[dict[str, dict[str, Any]]] = {
    "completed": {"status": "completed"},
    "failed": {"status": "failed"},
    "retried": dict.fromkeys(("status", "outcome", "animals", "error"), ANYTHING),
}
CHECKSUMS: Final = text("""
SELECT aggregate_id AS id, convert_from(payload, 'UTF8')::jsonb ->> 'checksum' AS sha256 FROM outbox
WHERE aggregate_type = 'image' AND subject = 'image.uploaded' AND forgotten_at IS NULL AND aggregate_id = ANY(:ids)
""")


async def jobs(session: AsyncSession, asked: Asked) -> AsyncIterator[Present]:
    """Jobs, by what was uploaded, by whom it was looked at, and how it ended (contract V1)."""
    job = AnalysisJob
    wanted = or_(job.id.in_(asked.ids), job.user_id.in_(asked.owners))
    query = select(job, ImageConversion.original_sha256).outerjoin(
        ImageConversion, ImageConversion.id == job.source_conversion_id
    )
    result = await session.stream(query.where(wanted).execution_options(yield_per=BATCH))
    async for rows in result.partitions():
        told = await session.execute(CHECKSUMS, {"ids": [row[0].id for row in rows]})
        checksums = {row.id: row.sha256 for row in told}
        for found, sha256 in rows:
            state = {
                "status": found.status,
                "provider": found.cv_method,
                "cv_method": found.cv_method,
                "outcome": found.outcome,
                "animals": [item["animal_id"] for item in found.detected_animals],
                "error": found.error_message,
            }
            known = sha256 or checksums.get(found.id)
            yield Present(str(found.id), frozenset({str(found.user_id)}), state | ({"sha256": known} if known else {}))


async def conversions(session: AsyncSession, asked: Asked) -> AsyncIterator[Present]:
    """Conversions, by what was uploaded; whoever used none within its lifetime may not find it again (contract I1)."""
    columns = (ImageConversion.id, ImageConversion.user_id, ImageConversion.original_sha256)
    found = set()
    for row in await session.execute(select(*columns).where(ImageConversion.id.in_(asked.ids))):
        found.add(str(row.id))
        yield Present(str(row.id), frozenset({str(row.user_id)}), {"sha256": row.original_sha256})
    dead = await session.scalar(select(func.extract("epoch", func.now()))) or time.time()
    for id, past in asked.records.items():
        if id not in found and past.last_at < float(dead) - LIFETIME.total_seconds():
            yield Present(id, frozenset(), None)
