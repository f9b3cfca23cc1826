"""One claimed job from its upload to its names: picture, provider, reading, `image.identified` (contract B4-B6).

Each step commits what it has won, so that whoever takes the job after a crash goes on where this worker stopped.
"""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.db import Database
from libs.common.faults import fault
from libs.common.outbox import record
from libs.common.values import now
from libs.contracts.vision import DetectedName, ImageIdentified, ImageReplaced
from services.vision import meters
from services.vision.darkroom import Darkroom
from services.vision.models import AnalysisJob, Picture
from services.vision.paid_calls import ask_and_pay
from services.vision.pictures import BadPicture
from services.vision.providers.provider import Provider
from services.vision.queue import Claim, hold, let_go
from services.vision.reading import Candidate, Reading
from services.vision.settings import VisionSettings
from services.vision.transformations import Transformations


class PictureUnreadable(Exception):
    """Neither a standard picture nor one for the model can be made of this upload."""


@dataclass(frozen=True, slots=True)
class Laboratory:
    """What identifying takes."""

    settings: VisionSettings
    db: Database
    darkroom: Darkroom
    providers: Mapping[str, Provider]


async def identify(lab: Laboratory, claim: Claim) -> None:
    """Does one claimed job.

    Raises:
        ProviderFailed, PictureUnreadable: what the job is to be failed or tried again with.
        LeaseLost: the job is in other hands by now.
    """
    began = time.monotonic()
    provider = lab.providers[claim.job.cv_method]
    answer = claim.job.raw_response
    if answer is None:
        picture = await _picture_for_model(lab, claim)
        answer = await _ask(lab, claim, provider, picture)
    elif claim.job.image_conversion_status == "pending":
        await _picture_for_model(lab, claim)
    fault("vision.after_store_before_reading")
    reading = provider.read(answer)
    await _announce(lab, claim, provider, answer, reading, time.monotonic() - began)


async def _picture_for_model(lab: Laboratory, claim: Claim) -> bytes:
    """The JPEG that the model sees; makes the job's standard picture first if there is none."""
    job = claim.job
    if job.image_conversion_status in ("completed", "unnecessary") and job.picture_id is not None:
        async with lab.db.reading() as session:
            key = await session.scalar(select(Picture.rendition_key).where(Picture.id == job.picture_id))
        if key is not None:
            return await lab.darkroom.blobs.get(key)
    original = await lab.darkroom.blobs.get(job.original_key)
    try:
        developed = await lab.darkroom.develop(original, Transformations.from_json(job.transformations))
    except BadPicture:
        return await _salvage(lab, claim, original)
    fault("vision.after_decoding_before_files")
    picture = await lab.darkroom.keep(job.user_id, developed, "vision_job")
    fault("vision.after_files_before_row")
    async with lab.db.transaction() as session:
        await hang(session, lab.darkroom, await hold(session, claim), picture, unchanged=developed.unchanged)
    return developed.rendition


async def hang(
    session: AsyncSession, darkroom: Darkroom, job: AnalysisJob, picture: Picture, *, unchanged: bool
) -> None:
    """Makes `picture` the picture of a locked job; in place of an older one, that is told."""
    replaces = job.picture_id is not None
    session.add(picture)
    await session.flush()
    job.picture_id = picture.id
    job.image_conversion_status = "unnecessary" if unchanged else "completed"
    if replaces:
        job.version += 1
        fact = darkroom.fact(picture)
        record(session, ImageReplaced(id=job.id, version=job.version, user_id=job.user_id, picture=fact))


async def _salvage(lab: Laboratory, claim: Claim, original: bytes) -> bytes:
    """The conversion has failed; the model still gets to see what can be seen (contract B4)."""
    try:
        rendition = await lab.darkroom.decoder.render_for_model(original)
    except BadPicture:
        raise PictureUnreadable from None
    async with lab.db.transaction() as session:
        job = await hold(session, claim)
        job.image_conversion_status = "failed"
    return rendition


async def _ask(lab: Laboratory, claim: Claim, provider: Provider, picture: bytes) -> dict[str, Any]:
    if provider.is_paid:
        return await ask_and_pay(lab.db, lab.settings, claim, provider, picture)
    job = claim.job
    model = provider.model(job.model_name)
    return (await provider.ask(picture, model=model, detail=job.detail_level, key=str(job.id))).body


async def _announce(
    lab: Laboratory, claim: Claim, provider: Provider, answer: dict[str, Any], reading: Reading, seconds: float
) -> None:
    """Stores what was read and tells it: vision's own part of the job ends here."""
    async with lab.db.transaction() as session:
        job = await hold(session, claim)
        let_go(job)
        job.raw_response = answer
        job.parsed_prediction = reading.text
        job.names = [asdict(name) for name in reading.names]
        job.suggestions = reading.suggested()
        job.saw_an_animal = reading.saw_an_animal
        job.score_kind = reading.score_kind
        job.processing_time = round(seconds, 3)
        if not provider.is_paid:
            job.cost_usd = Decimal(0)
        job.announced_version = None
        await announce_names(session, lab.darkroom, job)
    meters.seconds.labels(provider.model(claim.job.model_name)).observe(seconds)


async def announce_names(session: AsyncSession, darkroom: Darkroom, job: AnalysisJob) -> None:
    """Records `image.identified` for the stored names of a locked job, as often as it takes."""
    picture = None if job.picture_id is None else await session.get(Picture, job.picture_id)
    job.version += 1
    job.announced_version = job.announced_version or job.version
    job.announced_at = now()
    record(
        session,
        ImageIdentified(
            id=job.id,
            version=job.version,
            user_id=job.user_id,
            provider=job.cv_method,
            model=str((job.raw_response or {}).get("model") or job.model_name),
            score_kind=job.score_kind,
            names=[_detected(Candidate(**name)) for name in job.names],
            picture=None if picture is None or picture.removed_at else darkroom.fact(picture),
        ),
    )


def _detected(candidate: Candidate) -> DetectedName:
    return DetectedName(
        scientific_name=candidate.scientific_name,
        common_name=candidate.common_name,
        score=candidate.score,
        in_form=candidate.in_form,
    )
