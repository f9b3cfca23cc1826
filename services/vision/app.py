"""The vision service: pictures, conversions and jobs. What takes time is done by its worker."""

import asyncio

from libs.common.service import Service, create_service
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


app = create_service("vision", settings, router, handlers, background=(close_darkroom,))
app.state.darkroom = Darkroom(settings, app.state.service.blobs)
