"""O4: one Prometheus text of all services, under the names that dashboards know."""

import re

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from deploy.local.player import Player
from tests.answers import Ask
from tests.contract.captures import looked_at
from tests.mesh import NewPlayer, until

LABELS = {
    "django_http_requests_total": {"method", "endpoint", "status_code"},
    "django_http_request_duration_seconds_bucket": {"method", "endpoint", "le"},
    "api_requests_total": {"method", "endpoint", "status_code", "version"},
    "api_request_duration_seconds_bucket": {"method", "endpoint", "version", "le"},
    "cv_processing_total": {"status", "model"},
    "cv_processing_duration_seconds_bucket": {"model", "le"},
    "cv_processing_cost_usd_total": {"model"},
    "celery_tasks_total": {"task_name", "status"},
    "celery_task_duration_seconds_bucket": {"task_name", "le"},
    "active_celery_tasks": {"task_name"},
    "django_db_queries_total": {"operation"},
    "django_db_query_duration_seconds_bucket": {"operation", "le"},
    "django_cache_operations_total": {"operation", "hit"},
}
PLAIN = ("active_users", "total_dex_entries", "total_animals", "django_http_requests_in_progress")
Samples = dict[str, list[tuple[dict[str, str], float]]]


async def scraped(web: httpx.AsyncClient) -> Samples:
    answer = await web.get("/metrics/")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    samples: Samples = {}
    for family in text_string_to_metric_families(answer.text):
        # A counter that has counted nothing yet has a name, but no samples.
        samples.setdefault(f"{family.name}_total" if family.type == "counter" else family.name, [])
        for sample in family.samples:
            samples.setdefault(sample.name, []).append((sample.labels, sample.value))
    return samples


@pytest.fixture(scope="module")
async def after_work(ask: Ask, web: httpx.AsyncClient, ada: Player) -> Samples:
    """The metrics after a photo was looked at."""
    await looked_at(ask, ada)
    await ask(ada, "GET", "/graph/tree/?mode=personal&use_cache=true")
    await ask(ada, "GET", "/animals/00000000-0000-4000-8000-000000000000/")
    return await scraped(web)


@pytest.mark.parametrize("name", LABELS)
async def test_names_and_labels(after_work: Samples, name: str) -> None:
    assert name in after_work
    for labels, _ in after_work[name]:
        assert LABELS[name] <= set(labels)


@pytest.mark.parametrize("name", PLAIN)
async def test_gauges(after_work: Samples, name: str) -> None:
    assert sum(value for _, value in after_work[name]) >= 0


async def test_the_buckets(after_work: Samples) -> None:
    bounds = {float(labels["le"]) for labels, _ in after_work["django_http_request_duration_seconds_bucket"]}
    assert min(bounds) == 0.005
    assert 10.0 in bounds


async def test_endpoints_are_templates(after_work: Samples) -> None:
    for name in ("django_http_requests_total", "api_requests_total"):
        for labels, _ in after_work[name]:
            assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-|\?", labels["endpoint"]), labels
    endpoints = {labels["endpoint"] for labels, _ in after_work["django_http_requests_total"]}
    assert any("animals" in endpoint and "{" in endpoint for endpoint in endpoints)


async def test_requests_and_logins_are_counted(ask: Ask, web: httpx.AsyncClient, new_player: NewPlayer) -> None:
    async def logins() -> float:
        counted = (await scraped(web))["django_http_requests_total"]
        mine = [value for labels, value in counted if "auth/login" in labels["endpoint"] and labels["method"] == "POST"]
        return sum(mine)

    before, users = await logins(), (await scraped(web))["active_users"][0][1]
    await new_player("eve")
    assert await logins() >= before + 1

    async def one_more_is_active() -> bool:
        return (await scraped(web))["active_users"][0][1] >= users + 1

    await until(one_more_is_active, 10)


async def test_no_slash(web: httpx.AsyncClient) -> None:
    assert (await web.get("/metrics")).status_code in (200, 301)
