"""How the mesh is: alive, ready, and the health report that monitors know (contract O1-O3)."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Final

from limits.aio.storage import Storage

from libs.common import leaving
from libs.common.blobs import Blobs
from libs.common.bus import Bus
from libs.common.version import VERSION
from services.gateway.exchange import Exchange
from services.gateway.peers import WORKER, Peers, Told
from services.gateway.settings import GatewaySettings

ASK_SECONDS: Final = 0.85
"""So that the report is out within a second, whatever hangs."""
NOT_CACHED: Final = [(b"cache-control", b"no-store")]


class Health:
    """Asks all services whether they are ready; callers at the same time share one round of questions."""

    def __init__(self, settings: GatewaySettings, peers: Peers, bus: Bus, blobs: Blobs, counters: Storage) -> None:
        self._settings = settings
        self._peers = peers
        self._bus = bus
        self._blobs = blobs
        self._counters = counters
        self._asking: asyncio.Task[dict[str, Any]] | None = None

    async def answer_alive(self, exchange: Exchange) -> None:
        """`GET /health/`: this process runs; nothing else is looked at."""
        await exchange.answer_json({"status": "alive"}, headers=NOT_CACHED)

    async def answer_ready(self, exchange: Exchange) -> None:
        """`GET /ready/`: database and cache of every service; not ready either as soon as this process is to end."""
        if leaving.has_begun():
            await exchange.answer_json({"status": "not_ready", "error": "leaving"}, 503, NOT_CACHED)
            return
        report = await self._report()
        away = [name for name in self._settings.services if report["checks"][name]["status"] != "healthy"]
        if report["status"] == "healthy":
            await exchange.answer_json({"status": "ready"}, headers=NOT_CACHED)
        else:
            error = f"not ready: {', '.join(away) or 'cache'}"
            await exchange.answer_json({"status": "not_ready", "error": error}, 503, NOT_CACHED)

    async def answer_report(self, exchange: Exchange) -> None:
        """`GET /api/v1/health/`: everything, within a second; 503 only for databases and cache."""
        began = time.perf_counter()
        report = await self._report()
        report = {
            **report,
            "timestamp": time.time(),
            "metadata": {
                "environment": self._settings.environment,
                "version": VERSION,
                "debug": self._settings.debug,
            },
            "total_response_time_ms": round((time.perf_counter() - began) * 1000, 1),
        }
        await exchange.answer_json(report, 200 if report["status"] == "healthy" else 503, NOT_CACHED)

    async def _report(self) -> dict[str, Any]:
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())
        return await asyncio.shield(self._asking)

    async def _ask(self) -> dict[str, Any]:
        answers, storage, cache = await asyncio.gather(
            self._peers.ask_all("/ready/", seconds=ASK_SECONDS, and_workers=True),
            self._blobs.answers(ASK_SECONDS),
            self._counters.check(),
        )
        return report(answers, bus=self._bus.connected, storage=storage, cache=cache)


def report(answers: Mapping[str, Told], *, bus: bool, storage: bool, cache: bool) -> dict[str, Any]:
    """The health report's `status` and `checks` from what the services answered. Pure."""
    worker = answers.get(WORKER)
    services = {name: told for name, told in answers.items() if name != WORKER}
    slowest = max((told.milliseconds for told in services.values()), default=0.0)
    ready = all(told.status == 200 for told in services.values())
    checks: dict[str, Any] = {
        "database": _check(ready, slowest, "not all services have their database"),
        # The names are those of monitors made for the predecessor: the cache in use, and the background workers.
        "redis": _check(cache, 0.0, "cache unavailable"),
        "nats": _check(bus, 0.0, "not connected"),
        "celery": _worker_check(worker),
        "storage": _check(storage, 0.0, "storage unavailable"),
    }
    for name, told in services.items():
        error = "not ready" if told.status else "no answer"
        checks[name] = _check(told.status == 200, told.milliseconds, error)
    return {"status": "healthy" if ready and cache else "unhealthy", "checks": checks}


def _worker_check(worker: Told | None) -> dict[str, Any]:
    if worker is None:
        return {"status": "unknown", "response_time_ms": 0.0}
    status = "healthy" if worker.status == 200 else "degraded"
    return {"status": status, "response_time_ms": worker.milliseconds}


def _check(good: bool, milliseconds: float, error: str) -> dict[str, Any]:
    check: dict[str, Any] = {"status": "healthy" if good else "unhealthy", "response_time_ms": milliseconds}
    return check if good else {**check, "error": error}
