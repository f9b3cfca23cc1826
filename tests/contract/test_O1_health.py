"""O1: the health report that monitors know."""

import time

import httpx
import pytest

from deploy.local.player import Player
from tests.answers import body_of
from tests.contract.own_processes import running
from tests.mesh import Mesh
from tests.shapes import fits, number

CHECK = {"status": {"healthy", "unhealthy", "degraded", "unknown"}, "response_time_ms": number}
REPORT = {
    "status": {"healthy", "unhealthy"},
    "timestamp": float,
    "checks": dict.fromkeys(("database", "redis", "nats", "celery", "storage"), CHECK),
    "metadata": {"environment": str, "version": str, "debug": bool},
    "total_response_time_ms": float,
}
PATH = "/api/v1/health/"


async def test_all_is_well(web: httpx.AsyncClient) -> None:
    answer = await web.get(PATH)
    body = body_of(answer)
    fits(body, REPORT)
    assert body["status"] == "healthy"
    assert {check["status"] for check in body["checks"].values()} == {"healthy"}
    assert abs(body["timestamp"] - time.time()) < 60
    assert "no-store" in answer.headers["cache-control"]


async def test_head_and_no_slash(web: httpx.AsyncClient) -> None:
    head = await web.head(PATH)
    assert (head.status_code, head.content) == (200, b"")
    assert (await web.get(PATH.rstrip("/"))).status_code in (200, 301)


@pytest.mark.parametrize(("name", "status"), [("users", 503), ("vision-worker", 200)])
async def test_a_service_is_away(mesh: Mesh, ada: Player, name: str, status: int) -> None:
    """Without a database it is unhealthy; without workers only degraded."""
    away = {f"{name.upper().replace('-', '_')}_URL": "http://127.0.0.1:9"}
    async with running(mesh, "gateway", **away) as url, httpx.AsyncClient(base_url=url) as web:
        began = time.monotonic()
        body = body_of(await web.get(PATH), status)
        assert time.monotonic() - began < 1.5
        fits(body, REPORT)
        assert body["status"] == ("healthy" if status == 200 else "unhealthy")
        assert body["checks"]["celery"]["status"] == ("degraded" if status == 200 else "healthy")
        ready = body_of(await web.get("/ready/"), status)
        assert ready["status"] == ("ready" if status == 200 else "not_ready")
        assert status == 200 or isinstance(ready["error"], str)
        assert "127.0.0.1" not in str(body)
        assert body_of(await web.get("/health/")) == {"status": "alive"}
