"""Jobs as they are shown: one statement each, the owner in the WHERE (contract V1, V4-V6, V9)."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Float, Row, Select, cast, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from libs.common.blobs import Blobs
from libs.common.errors import FieldErrors, NotFound
from libs.common.pages import Listed
from services.vision.models import AnalysisJob, Picture, RefAnimal, RefUser
from services.vision.schemas import AnimalListItem, DetectedAnimal, Job, JobListItem, JobStats, Suggestion

STATUSES: Final = ("pending", "processing", "completed", "failed")
METHODS: Final = ("openai", "fallback")
MAX_LISTED: Final = 1000
_ORDERS: Final = {"created_at": AnalysisJob.created_at, "completed_at": AnalysisJob.completed_at}
_LIST_COLUMNS: Final[tuple[Any, ...]] = (
    AnalysisJob.id,
    AnalysisJob.status,
    AnalysisJob.parsed_prediction,
    AnalysisJob.identified_animal,
    AnalysisJob.cost_usd,
    AnalysisJob.created_at,
    AnalysisJob.completed_at,
)


async def show(session: AsyncSession, blobs: Blobs, user_id: UUID, job_id: UUID) -> Job:
    """A user's own job. Raises `NotFound`."""
    found = await session.execute(
        select(AnalysisJob, Picture.key, RefAnimal, RefUser.username)
        .options(defer(AnalysisJob.raw_response))
        .outerjoin(Picture, (Picture.id == AnalysisJob.picture_id) & Picture.removed_at.is_(None))
        .outerjoin(RefAnimal, (RefAnimal.id == AnalysisJob.identified_animal) & RefAnimal.deleted_at.is_(None))
        .outerjoin(RefUser, (RefUser.id == RefAnimal.created_by) & RefUser.deleted_at.is_(None))
        .where(AnalysisJob.id == job_id, AnalysisJob.user_id == user_id)
        .execution_options(populate_existing=True)
    )
    row = found.one_or_none()
    if row is None:
        raise NotFound("AnalysisJob")
    job, key, animal, username = row
    url = None if key is None else blobs.url(key)
    return Job(
        id=job.id,
        source_conversion=job.source_conversion_id,
        conversion_id=job.source_conversion_id,
        image=url if job.source_conversion_id is None else None,
        dex_compatible_url=url,
        image_conversion_status=job.image_conversion_status,
        post_conversion_transformations=job.post_conversion_transformations,
        user=job.user_id,
        status=job.status,
        cv_method=job.cv_method,
        model_name=job.model_name,
        detail_level=job.detail_level,
        parsed_prediction=job.parsed_prediction,
        identified_animal=job.identified_animal,
        animal_details=_animal_details(job, animal, username),
        confidence_score=job.confidence_score,
        detected_animals=[DetectedAnimal(**item) for item in job.detected_animals],
        suggestions=[Suggestion(**item) for item in job.suggestions],
        outcome=job.outcome,
        score_kind=job.score_kind,
        selected_animal_index=job.selected_animal_index,
        cost_usd=job.cost_usd,
        processing_time=job.processing_time,
        input_tokens=job.input_tokens,
        output_tokens=job.output_tokens,
        error_message=job.error_message,
        retry_count=job.retry_count,
        created_at=job.created_at,
        started_at=job.started_at,
        completed_at=job.completed_at,
        duration=_seconds_between(job.created_at, job.completed_at),
    )


def _animal_details(job: AnalysisJob, animal: RefAnimal | None, username: str | None) -> AnimalListItem | None:
    """The identified animal: from the copy, or from the identification itself while the copy is on its way."""
    if job.identified_animal is None:
        return None
    if animal is not None:
        return AnimalListItem(
            id=animal.id,
            scientific_name=animal.scientific_name,
            common_name=animal.common_name,
            conservation_status=animal.conservation_status,
            creation_index=animal.creation_index,
            created_by_username=username,
            verified=animal.verified,
        )
    for item in job.detected_animals:
        if item["animal_id"] == str(job.identified_animal):
            name = item["accepted_scientific_name"]
            return AnimalListItem(
                id=job.identified_animal,
                scientific_name=name,
                common_name=item["common_name"] or name,
                conservation_status="NE",
                creation_index=item["creation_index"],
                created_by_username=None,
                verified=False,
            )
    return None


def _seconds_between(start: datetime, end: datetime | None) -> float | None:
    return None if end is None else (end - start).total_seconds()


def listed(user_id: UUID, *, status: str | None, cv_method: str | None, ordering: str = "") -> Select[Any]:
    """The user's jobs. Raises `FieldErrors` for a filter that does not exist; unknown orderings are ignored."""
    wrong = {
        name: [f"Select a valid choice. {value[:100]} is not one of the available choices."]
        for name, value, known in (("status", status, STATUSES), ("cv_method", cv_method, METHODS))
        if value and value not in known
    }
    if wrong:
        raise FieldErrors(wrong)
    query: Select[Any] = select(*_LIST_COLUMNS).where(AnalysisJob.user_id == user_id)
    if status:
        query = query.where(AnalysisJob.status == status)
    if cv_method:
        query = query.where(AnalysisJob.cv_method == cv_method)
    orders: list[Any] = []
    for name in (part.strip() for part in ordering.split(",")):
        if (column := _ORDERS.get(name.removeprefix("-"))) is not None:
            orders.append(column.desc().nulls_last() if name.startswith("-") else column.asc().nulls_last())
    return query.order_by(*(orders or [AnalysisJob.created_at.desc()]), AnalysisJob.id)


def list_item(row: Row[Any]) -> JobListItem:
    return JobListItem.model_validate(row)


async def list_all(session: AsyncSession, user_id: UUID, status: str) -> Listed[JobListItem]:
    """The user's newest jobs of one status, in one piece."""
    rows = await session.execute(listed(user_id, status=status, cv_method=None).limit(MAX_LISTED))
    return Listed[JobListItem].of([list_item(row) for row in rows])


async def stats(session: AsyncSession, user_id: UUID) -> JobStats:
    """The user's jobs, counted by the database."""
    counts = [func.count().filter(AnalysisJob.status == status).label(status) for status in STATUSES]
    row = await session.execute(
        select(
            func.count().label("total_jobs"),
            *counts,
            cast(func.coalesce(func.sum(AnalysisJob.cost_usd), 0), Float).label("total_cost_usd"),
            func.avg(AnalysisJob.processing_time).label("avg_processing_time"),
        ).where(AnalysisJob.user_id == user_id)
    )
    return JobStats.model_validate(row.one())
