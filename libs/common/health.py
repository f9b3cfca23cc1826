"""Alive, ready, measured: what a service says of itself on its own port (contract O2–O4)."""

import asyncio
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.exc import SQLAlchemyError

from libs.common import leaving
from libs.common.logs import log
from libs.common.version import REVISION, VERSION

READY_SECONDS: Final = 0.8
BUILT: Final = {"version": VERSION, "revision": REVISION}
"""For the operator who asks whether the new one is already there."""

router = APIRouter(include_in_schema=False)


@router.get("/health/")
async def alive() -> dict[str, str]:
    """The process runs; nothing else is looked at."""
    return {"status": "alive"}


@router.get("/ready/")
async def ready(request: Request, response: Response) -> dict[str, Any]:
    """Ready when its own database answers and is migrated; the bus is told, but never makes it unready.

    Unready also as soon as the process has been asked to end, while it still answers (docs/decisions/0014).
    """
    service = request.app.state.service
    checks: dict[str, Any] = {"nats": service.bus.connected}
    if leaving.has_begun():
        return _not_ready(response, "leaving", checks)
    try:
        async with asyncio.timeout(READY_SECONDS):
            migrated = await service.db.is_migrated()
            filled = migrated and await _is_filled(service)
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        log.warning("ready.database_away", error=type(error).__name__)
        return _not_ready(response, "database unavailable", {**checks, "database": False})
    if not migrated:
        return _not_ready(response, "database not migrated", {**checks, "database": False})
    if not filled:
        return _not_ready(response, "data not there yet", {**checks, "database": True})
    return {"status": "ready", "service": service.name, **BUILT, "checks": {**checks, "database": True}}


def _not_ready(response: Response, error: str, checks: dict[str, Any]) -> dict[str, Any]:
    response.status_code = 503
    return {"status": "not_ready", "error": error, **BUILT, "checks": checks}


async def _is_filled(service: Any) -> bool:
    async with service.db.reading() as session:
        filled: bool = await service.ready(session)
    return filled


@router.get("/metrics/")
async def metrics(request: Request) -> Response:
    """Prometheus text; 404 where metrics are switched off."""
    if not request.app.state.service.settings.prometheus_metrics_enabled:
        return Response(status_code=404)
    return Response(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})
