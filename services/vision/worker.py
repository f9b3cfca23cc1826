"""The vision worker: does the jobs of the queue, and looks after what was left behind."""

import asyncio
import time
from typing import Final

from fastapi import APIRouter

from libs.common.availability import is_away
from libs.common.logs import log
from libs.common.service import Service, create_service
from services.vision import bounds, cleaning, queue, unnamed_files
from services.vision.darkroom import Darkroom
from services.vision.handlers import job_waiting, worker_handlers
from services.vision.identification import Laboratory
from services.vision.providers.offline import OfflineIdentifier
from services.vision.providers.openai import OpenAIProvider
from services.vision.runner import Runner
from services.vision.settings import VisionSettings

CLEAN_EVERY_SECONDS: Final = 600.0
SWEEP_EVERY_SECONDS: Final = 3600.0

settings = VisionSettings()


def laboratory(service: Service) -> Laboratory:
    """Everything a worker of this service needs."""
    openai = OpenAIProvider(
        api_key=settings.openai_api_key.get_secret_value(),
        base_url=settings.openai_base_url,
        timeout_seconds=settings.cv_request_timeout_seconds,
    )
    providers = {provider.name: provider for provider in (openai, OfflineIdentifier())}
    return Laboratory(settings, service.db, Darkroom(_roomy(settings), service.blobs), providers)


def _roomy(given: VisionSettings) -> VisionSettings:
    """Room in the decoder for every job in hand: a job that its own worker turned away would count as failed."""
    most = max(given.decoder_max_waiting, given.cv_concurrent_jobs)
    return given.model_copy(update={"decoder_max_waiting": most})


async def work(service: Service) -> None:
    """The worker's main loop."""
    lab = laboratory(service)
    try:
        await Runner(lab, job_waiting).run()
    finally:
        await lab.darkroom.decoder.close()
        for provider in lab.providers.values():
            await provider.close()


async def tend(service: Service) -> None:
    """Looks after jobs whose worker died, or whose answer does not come, and clears away old files."""
    darkroom = Darkroom(settings, service.blobs)
    cleaned = -CLEAN_EVERY_SECONDS
    while True:
        await asyncio.sleep(settings.cv_lease_seconds / 3)
        try:
            async with service.db.transaction() as session:
                if await queue.reap(session, settings):
                    job_waiting.set()
            async with service.db.transaction() as session:
                await cleaning.announce_again(session, darkroom, settings)
            async with service.db.transaction() as session:
                if not await bounds.is_exhausted(session, settings) and await queue.call_back(session):
                    job_waiting.set()
            if time.monotonic() - cleaned >= CLEAN_EVERY_SECONDS:
                cleaned = time.monotonic()
                await cleaning.clean(service.db)
            await cleaning.remove_all_discarded_files(service.db, service.blobs)
        except Exception as error:
            if not is_away(error):
                raise
            log.warning("worker.tending_postponed", error=type(error).__name__)


async def sweep(service: Service) -> None:
    """Removes old files that nobody names; by itself, because a large store takes long to be listed."""
    while True:
        await unnamed_files.sweep(service.db, service.blobs, settings)
        await asyncio.sleep(SWEEP_EVERY_SECONDS)


app = create_service("vision-worker", settings, APIRouter(), worker_handlers, background=(work, tend, sweep))
