"""Jobs as their owner makes, sees and steers them (contract V)."""

from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid4

import orjson
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.errors import FieldErrors, NotFound, Refusal
from libs.common.json_values import NotJson, is_safe
from libs.common.logs import log
from libs.common.outbox import record
from libs.common.telemetry import continued
from libs.common.values import now
from libs.contracts.vision import ImageUploaded
from services.vision.bounds import check_calls_of_player
from services.vision.models import AnalysisJob, ImageConversion
from services.vision.settings import VisionSettings
from services.vision.transformations import NOT_JSON, Transformations, parse_object

UNFINISHED: Final = ("pending", "processing")
MAX_STORED_OBJECT: Final = 10_000


class NotRetryable(Refusal):
    sentence = "Only failed jobs can be retried"


class NothingDetected(Refusal):
    sentence = "No animals detected in this job"


class NothingSelected(Refusal):
    sentence = "Either animal_index or animal_id must be provided"


class NotAmongDetected(Refusal):
    status = 404
    sentence = "Animal ID not found in detected animals"


@dataclass(frozen=True, slots=True)
class Options:
    """How a job is to be identified: method, model and level of detail, all from the allow-lists."""

    method: str
    model: str
    detail: str

    @classmethod
    def chosen(cls, settings: VisionSettings, method: str | None, model: str | None, detail: str | None) -> "Options":
        """Absent and blank values become the server's defaults. Raises `FieldErrors` for what is not allowed."""
        chosen = (
            ("cv_method", method or settings.default_method, (*settings.cv_allowed_methods, settings.default_method)),
            ("model_name", model or settings.openai_model, (*settings.cv_allowed_models, settings.openai_model)),
            ("detail_level", detail or "auto", (*settings.cv_allowed_detail_levels, "auto")),
        )
        wrong = {
            name: [f'"{value[:100]}" is not a valid choice.'] for name, value, known in chosen if value not in known
        }
        if wrong:
            raise FieldErrors(wrong)
        return cls(*(value for _, value, _ in chosen))


def read_stored_object(field: str, value: Any) -> dict[str, Any]:
    """An object that is only stored and shown again. Raises `FieldErrors` for anything else, and for too much."""
    try:
        given = parse_object(value)
        written = orjson.dumps(given)
    except (NotJson, orjson.JSONEncodeError):
        raise FieldErrors({field: [NOT_JSON]}) from None
    if given is None:
        return {}
    if not is_safe(given):
        raise FieldErrors({field: ["Null characters are not allowed."]})
    if not isinstance(given, dict) or len(written) > MAX_STORED_OBJECT:
        raise FieldErrors({field: ["Value must be a JSON object of moderate size."]})
    return given


async def start_from_conversion(
    session: AsyncSession,
    settings: VisionSettings,
    user_id: UUID,
    conversion_id: UUID,
    options: Options,
    already_applied: dict[str, Any],
) -> tuple[UUID, bool]:
    """A job for a conversion's picture; the unfinished one if there is one. Returns its id, and whether it is new.

    Raises:
        FieldErrors: no such conversion of this user, or expired.
        Throttled: the player has had as many paid calls as a day allows.
    """
    conversion = await session.scalar(
        select(ImageConversion)
        .where(ImageConversion.id == conversion_id, ImageConversion.user_id == user_id)
        .with_for_update()  # Two repeats of one request wait for each other here.
    )
    if conversion is None:
        raise FieldErrors.of_all("Invalid conversion_id or conversion not found")
    unfinished = await session.scalar(
        select(AnalysisJob.id)
        .where(AnalysisJob.source_conversion_id == conversion_id, AnalysisJob.status.in_(UNFINISHED))
        .order_by(AnalysisJob.created_at, AnalysisJob.id)
        .limit(1)
    )
    if unfinished is not None:
        return unfinished, False
    if conversion.expires_at <= now():
        raise FieldErrors.of_all("Image conversion has expired. Please upload again.")
    await check_calls_of_player(session, settings, user_id, options.method)
    conversion.used_in_job = True
    job = new_job(
        user_id,
        options,
        source_conversion_id=conversion.id,
        original_key=conversion.original_key,
        picture_id=conversion.picture_id,
        image_conversion_status="completed",
        transformations=conversion.transformations,
        post_conversion_transformations=already_applied,
    )
    # What began with the upload goes on in one trace, however long the player looked at the picture in between.
    with continued(conversion.trace, "ask") if conversion.trace else nullcontext():
        await queue_job(session, job, checksum=conversion.original_sha256, size_bytes=conversion.original_bytes)
        log.info("job.queued", job=str(job.id))
    return job.id, True


def new_job(user_id: UUID, options: Options, **values: Any) -> AnalysisJob:
    """A job that waits; `values` are the columns that say of what."""
    moment = now()
    return AnalysisJob(
        id=uuid4(),
        version=1,
        user_id=user_id,
        status="pending",
        run_at=func.now(),
        created_at=moment,
        cv_method=options.method,
        model_name=options.model,
        detail_level=options.detail,
        **values,
    )


async def queue_job(session: AsyncSession, job: AnalysisJob, *, checksum: str, size_bytes: int) -> None:
    """Puts a new job into the queue, and tells of its upload."""
    session.add(job)
    await session.flush()
    record(
        session,
        ImageUploaded(
            id=job.id,
            version=job.version,
            user_id=job.user_id,
            storage_key=job.original_key,
            checksum=checksum,
            size_bytes=size_bytes,
            cv_method=job.cv_method,
            model_name=job.model_name,
            detail_level=job.detail_level,
            created_at=job.created_at,
        ),
    )


async def own_job(session: AsyncSession, user_id: UUID, job_id: UUID) -> AnalysisJob:
    """A user's own job, locked. Raises `NotFound`."""
    job = await session.scalar(
        select(AnalysisJob).where(AnalysisJob.id == job_id, AnalysisJob.user_id == user_id).with_for_update()
    )
    if job is None:
        raise NotFound("AnalysisJob")
    return job


async def retry(
    session: AsyncSession, settings: VisionSettings, job: AnalysisJob, wished: Transformations | None
) -> None:
    """Queues a failed job again, with all its attempts; new wishes mean a new picture of the original (contract V7).

    An answer that was paid for and never read is kept, unless the picture changes.

    Raises:
        NotRetryable: not failed.
        Throttled: the player has had as many paid calls as a day allows.
    """
    if job.status != "failed":
        raise NotRetryable
    if wished is not None or job.raw_response is None:
        await check_calls_of_player(session, settings, job.user_id, job.cv_method)
    if wished is not None:
        job.transformations = wished.as_json()
        job.raw_response = None
    if wished is not None or job.picture_id is None:
        job.image_conversion_status = "pending"
    job.status = "pending"
    job.error_message = ""
    job.retry_count = 0
    job.started_at = job.completed_at = None
    job.run_at = func.now()
    await session.flush()


async def select_animal(session: AsyncSession, job: AnalysisJob, index: int | None, animal_id: UUID | None) -> None:
    """The player says which of the detected animals it is (contract V8).

    Raises:
        NothingDetected, NothingSelected, NotAmongDetected, Refusal: as the contract words them.
    """
    ids = [UUID(item["animal_id"]) for item in job.detected_animals]
    if not ids:
        raise NothingDetected
    if index is None:
        if animal_id is None:
            raise NothingSelected
        if animal_id not in ids:
            raise NotAmongDetected
        index = ids.index(animal_id)
    if not 0 <= index < len(ids):
        raise Refusal(f"Invalid animal_index. Must be 0-{len(ids) - 1}")
    job.selected_animal_index = index
    job.identified_animal = ids[index]
    await session.flush()
