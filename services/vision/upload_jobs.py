"""Jobs for uploads that come with the request itself; a repeat of one that is unfinished is that one (contract V2).

The game sends a POST again after a timeout, up to three times, and cannot say that it is the same one. So it is taken
for the same if everything is: player, bytes, options, wishes.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.errors import Throttled
from libs.common.values import now
from services.vision.bounds import check_calls_of_player
from services.vision.cleaning import discard
from services.vision.darkroom import Darkroom
from services.vision.jobs import UNFINISHED, Options, new_job, queue_job
from services.vision.models import AnalysisJob
from services.vision.player_turns import take_turn
from services.vision.transformations import Transformations

REPEATED_WITHIN: Final = timedelta(minutes=5)
"""The client's last repeat comes within four minutes: three, after timeouts of 60 s and short pauses."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a player asks for with an upload; `sha256` is of its bytes."""

    user_id: UUID
    sha256: str
    options: Options
    wished: Transformations
    already_applied: dict[str, Any]

    @property
    def key(self) -> tuple[UUID, str]:
        """Requests that may be the same have the same."""
        return self.user_id, self.sha256


async def find_repeated(session: AsyncSession, request: Request) -> UUID | None:
    """The job that an equal request has led to, if that is unfinished and not older than a repeat can be."""
    options = request.options
    return await session.scalar(
        select(AnalysisJob.id)
        .where(
            AnalysisJob.user_id == request.user_id,
            AnalysisJob.upload_sha256 == request.sha256,
            AnalysisJob.completed_at.is_(None),
            AnalysisJob.status.in_(UNFINISHED),
            AnalysisJob.created_at > now() - REPEATED_WITHIN,
            AnalysisJob.cv_method == options.method,
            AnalysisJob.model_name == options.model,
            AnalysisJob.detail_level == options.detail,
            AnalysisJob.transformations == request.wished.as_json(),
            AnalysisJob.post_conversion_transformations == request.already_applied,
        )
        .order_by(AnalysisJob.created_at, AnalysisJob.id)
        .limit(1)
    )


async def start(session: AsyncSession, darkroom: Darkroom, request: Request, data: bytes) -> UUID:
    """A job for an upload that has been looked at already, or that of an equal request which was quicker; its id.

    The worker makes the picture. The file is written before the first statement, so that a slow store keeps nobody
    from the database; the file of whoever comes second goes again.

    Raises:
        Throttled: the player has had as many paid calls as a day allows; nothing is kept then.
    """
    key = await darkroom.keep_original(data)
    await take_turn(session, request.user_id)
    first = await find_repeated(session, request)
    if first is not None:
        await discard(session, key)
        return first
    try:
        await check_calls_of_player(session, darkroom.settings, request.user_id, request.options.method)
    except Throttled:
        await darkroom.blobs.delete(key)
        raise
    job = new_job(
        request.user_id,
        request.options,
        original_key=key,
        upload_sha256=request.sha256,
        image_conversion_status="pending",
        transformations=request.wished.as_json(),
        post_conversion_transformations=request.already_applied,
    )
    await queue_job(session, job, checksum=request.sha256, size_bytes=len(data))
    return job.id
