"""Health, metrics, pictures, version: what the gateway answers itself (contract O1-O4, O7, O9)."""

import asyncio
import time
from pathlib import Path
from uuid import uuid4

import httpx
import orjson
import pytest
from prometheus_client.parser import text_string_to_metric_families

from libs.common.blobs import Blobs
from libs.common.testing import SignIn
from services.gateway.exposition import merge
from services.gateway.tests.conftest import OpenGateway
from services.gateway.tests.upstream import PNG, Upstream
from services.gateway.version import compare


async def test_health_tells_the_state_of_everything(gateway: httpx.AsyncClient, upstream: Upstream) -> None:
    answer = await gateway.get("/api/v1/health/")
    report = answer.json()
    assert (answer.status_code, report["status"]) == (200, "healthy")
    assert isinstance(report["timestamp"], float)
    assert set(report["metadata"]) == {"environment", "version", "debug"}
    assert {"database", "redis", "nats", "celery", "storage", "dex"} <= set(report["checks"])
    assert report["checks"]["database"]["status"] == "healthy"
    assert report["checks"]["nats"]["status"] == "unhealthy", "no bus here, and still healthy"
    assert "no-store" in answer.headers["cache-control"]
    assert (await gateway.head("/api/v1/health")).status_code == 200


async def test_a_service_that_is_away_or_hangs_is_told_within_a_second(
    open_gateway: OpenGateway, upstream: Upstream, upstream_url: str, dead_url: str
) -> None:
    async with open_gateway(animals_url=dead_url, dex_url=f"{upstream_url}/hanging") as gateway:
        for path in ("/api/v1/health/", "/ready/"):
            began = time.monotonic()
            answer = await gateway.get(path)
            assert time.monotonic() - began < 1.2
            assert answer.status_code == 503
    assert answer.json()["status"] == "not_ready"
    assert "animals" in answer.json()["error"]


async def test_a_service_without_its_database_is_not_ready(gateway: httpx.AsyncClient, upstream: Upstream) -> None:
    assert (await gateway.get("/ready/")).json() == {"status": "ready"}
    upstream.ready = False
    assert (await gateway.get("/ready/")).status_code == 503
    assert (await gateway.get("/api/v1/health/")).json()["checks"]["database"]["status"] == "unhealthy"
    assert (await gateway.get("/health")).json() == {"status": "alive"}


async def test_the_vision_worker_is_told_but_never_makes_the_mesh_unhealthy(
    open_gateway: OpenGateway, upstream: Upstream, upstream_url: str, dead_url: str
) -> None:
    for url, state in ((upstream_url, "healthy"), (dead_url, "degraded"), ("", "unknown")):
        async with open_gateway(vision_worker_url=url) as gateway:
            answer = await gateway.get("/api/v1/health/")
        assert (answer.status_code, answer.json()["checks"]["celery"]["status"]) == (200, state)


async def test_metrics_name_templates_and_never_paths(
    gateway: httpx.AsyncClient, upstream: Upstream, sign_in: SignIn
) -> None:
    upstream.metrics = "# HELP active_users Who is there.\n# TYPE active_users gauge\nactive_users 3.0\n"
    user = uuid4()
    await gateway.get(f"/api/v1/users/{user}/", headers=sign_in(user))
    await gateway.get(f"/api/v1/animals/missing/{user}/")
    await gateway.get(f"/{user}/")
    answer = await gateway.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert str(user) not in answer.text
    families = {family.name: family for family in text_string_to_metric_families(answer.text)}
    samples = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families.values()
        for sample in family.samples
    }
    counted = {"method": "GET", "endpoint": "/api/v1/users/{user_id}/", "status_code": "200"}
    assert samples[("django_http_requests_total", tuple(sorted(counted.items())))] >= 1
    assert samples[("api_requests_total", tuple(sorted({**counted, "version": "v1"}.items())))] >= 1
    endpoints = {sample.labels["endpoint"] for sample in families["django_http_requests"].samples}
    assert {"/api/v1/animals/*", "unmatched"} <= endpoints
    assert "django_http_request_duration_seconds" in families
    assert "api_request_duration_seconds" in families
    assert samples[("django_http_requests_in_progress", ())] >= 1
    assert samples[("active_users", (("service", "users"),))] == 3


def test_expositions_are_merged_into_one_valid_text() -> None:
    counter = '# HELP a_total How many.\n# TYPE a_total counter\na_total{x="}"} 1.0\n'
    histogram = '# HELP h Time.\n# TYPE h histogram\nh_bucket{le="+Inf"} 1.0\nh_count 1.0\nh_sum 2.0\n'
    only_users = "# HELP active_users Users.\n# TYPE active_users gauge\nactive_users 5.0\n"
    shared: set[str] = set()
    text = merge({"users": counter + only_users + histogram, "dex": histogram + counter}, shared)
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert set(families) == {"a", "h", "active_users"}
    assert [sample.labels for sample in families["a"].samples] == [
        {"x": "}", "service": "users"},
        {"x": "}", "service": "dex"},
    ]
    assert len(families["h"].samples) == 6
    assert text.count("# TYPE h ") == 1
    assert "\nactive_users 5.0\n" in text, "what only one service has stays as it is"
    alone = merge({"users": counter}, shared)
    assert 'service="users"' in alone, "labels do not change because another service is away"


async def test_metrics_can_be_switched_off(open_gateway: OpenGateway, upstream: Upstream) -> None:
    async with open_gateway(prometheus_metrics_enabled=False) as gateway:
        for path in ("/metrics/", "/metrics/own/"):
            assert (await gateway.get(path)).status_code == 404


async def test_the_gateway_alone_tells_its_own_metrics_by_whatever_name_it_is_asked(
    gateway: httpx.AsyncClient, upstream: Upstream
) -> None:
    upstream.metrics = "# HELP of_a_service Known.\n# TYPE of_a_service gauge\nof_a_service 7.0\n"

    async def room_is_measured() -> bool:
        answer = await gateway.get("/metrics/own", headers={"Host": "gateway-1:8000"})
        assert answer.status_code == 200
        assert "of_a_service" not in answer.text
        assert "service=" not in answer.text
        families = {family.name: family for family in text_string_to_metric_families(answer.text)}
        assert families["django_http_requests_in_progress"].samples[0].value >= 1
        return (
            0 < families["pictures_disk_free_bytes"].samples[0].value < families["pictures_disk_bytes"].samples[0].value
        )

    async with asyncio.timeout(10):
        while not await room_is_measured():
            await asyncio.sleep(0.05)


async def test_pictures_are_public_by_name_and_kept_a_week(gateway: httpx.AsyncClient, blobs: Blobs) -> None:
    key = f"media/ab/{uuid4().hex}.png"
    await blobs.put(key, PNG)
    answer = await gateway.get(f"/{key}")
    assert (answer.status_code, answer.content) == (200, PNG)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["cache-control"] == "public, max-age=604800"
    assert answer.headers["content-length"] == str(len(PNG))
    head = await gateway.head(f"/{key}")
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(PNG)))
    again = await gateway.get(f"/{key}", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "name",
    [
        "media/none.png",
        "media/",
        "media",
        "media/ab/",
        "media/%2e%2e/private/upload.png",
        "media/..%2fprivate/upload.png",
        "media/..%5cprivate/upload.png",
        "media/%00.png",
        "media//private/upload.png",
        "media/.secret.png",
        "media/" + "a" * 400 + ".png",
        "private/upload.png",
    ],
)
async def test_everything_else_is_no_picture(gateway: httpx.AsyncClient, blobs: Blobs, name: str) -> None:
    await blobs.put("private/upload.png", PNG)
    await blobs.put("media/.secret.png", PNG)
    answer = await gateway.get(f"/{name}")
    assert (answer.status_code, answer.json()) == (404, {"detail": "Not found."})


async def test_the_front_page_says_what_this_is(gateway: httpx.AsyncClient) -> None:
    page = await gateway.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert "BiologiDex" in page.text
    assert "/api/docs/" in page.text


async def test_the_version_answer_differs_by_client(
    open_gateway: OpenGateway, upstream: Upstream, tmp_path: Path
) -> None:
    file = tmp_path / "client_version.json"
    file.write_bytes(orjson.dumps({"git_commit": "abc", "build_number": 7}))
    async with open_gateway(client_version_file=file) as gateway:
        same = await gateway.get("/api/v1/version/", headers={"X-Client-Version": "abc"})
        other = await gateway.get("/api/v1/version", headers={"X-Client-Version": "abd", "X-Client-Build": "8"})
    assert same.json()["update_required"] is False
    assert same.json()["update_recommended"] is False
    assert other.json()["update_required"] is True
    assert other.json()["update_message"]
    assert same.json()["build_number"] == "7"
    assert "X-Client-Version, X-Client-Build" in same.headers["vary"]


async def test_the_version_file_may_come_and_change_and_is_read_once_a_minute(
    open_gateway: OpenGateway, upstream: Upstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "client_version.json"

    async def expected() -> str:
        return (await gateway.get("/api/v1/version/")).json()["expected_version"]

    async with open_gateway(client_version_file=file) as gateway:
        assert await expected() == "unknown"
        file.write_text('{"git_commit": "abc"}')
        assert await expected() == "unknown", "within the minute"
        for content, version in (('{"git_commit": "abc"}', "abc"), ("[]", "unknown"), ("no JSON", "unknown")):
            file.write_text(content)
            monkeypatch.setattr(gateway.house.version, "_read_at", time.monotonic() - 61)
            assert await expected() == version


async def test_the_version_check_can_be_switched_off(open_gateway: OpenGateway, upstream: Upstream) -> None:
    async with open_gateway(version_check_enabled=False) as gateway:
        answer = (await gateway.get("/api/v1/version/", headers={"X-Client-Version": "abc"})).json()
    assert (answer["version_check_enabled"], answer["update_required"]) == (False, False)
    assert isinstance(answer["message"], str)


def test_an_unknown_side_never_forces_an_update() -> None:
    for client, deployed in (("unknown", {"git_commit": "abc"}), ("abc", {})):
        answer = compare(client, deployed)
        assert (answer["update_required"], answer["update_recommended"]) == (False, True)
    nothing = compare("unknown", {})
    told = ("client_version", "expected_version", "git_commit", "git_message", "build_timestamp", "build_number")
    assert {nothing[key] for key in told} == {"unknown"}
    assert set(nothing["features"]) == {"multi_animal_detection", "two_step_upload", "taxonomic_tree", "dex_sync_v2"}
    assert nothing["minimum_api_version"] == "1.0.0"
    assert "update_message" not in nothing
