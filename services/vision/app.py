"""The vision service: pictures, conversions and jobs. What takes time is done by its worker."""

import asyncio

from libs.common.service import Service, create_service
from services.vision import queue_figures
from services.vision.darkroom import Darkroom
from services.vision.handlers import handlers
from services.vision.routes import router
from services.vision.settings import VisionSettings

settings = VisionSettings()


async def close_darkroom(_service: Service) -> None:
    """Takes the decoder's children along when the service ends."""
    try:
        await asyncio.Event().wait()
    finally:
        await app.state.darkroom.decoder.close()


async def keep_counting(service: Service) -> None:
    """How long the queue is, and what is spent."""
    await queue_figures.keep_counting(service, settings)


app = create_service("vision", settings, router, handlers, background=(close_darkroom, keep_counting))
app.state.darkroom = Darkroom(settings, app.state.service.blobs)
