"""2B 66, 2C 93, 96: ids that are none on every route, and paths that try to lead elsewhere."""

from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest

from tests.answers import Ask
from tests.hostile.requests.conftest import Target
from tests.hostile.requests.operations import Operation
from tests.hostile.requests.raw import exchange
from tests.hostile.requests.verdicts import all_of, problem_of
from tests.mesh import Mesh

NO_IDS = [
    *("x", "0", "-1", "null", "%00", "%2e%2e", "%FF", "%F0%9F%A6%89", "a" * 300, "1;a=b", "'%20or%201=1", "%2F", "%5c"),
    f"{uuid4()}0",
    "9" * 400,
]
UUIDS = {"animal_id", "entry_id", "conversion_id", "friendship_id", "either_id", "job_id", "id", "user_id", "taxon_id"}


@pytest.mark.parametrize("wrong", NO_IDS, ids=lambda wrong: wrong[:12])
async def test_an_id_that_is_none(operations: list[Operation], target: Target, wrong: str) -> None:
    """2B 66: 404 on every route and with every method (contract G1)."""

    async def one(operation: Operation) -> str:
        path = operation.at(target.ids | dict.fromkeys(operation.ids, wrong))
        more = {} if operation.method in ("GET", "DELETE") else {"json": {}}
        answer = await target.ask(target.player, operation.method, path, **more)
        return problem_of(answer, f"{operation.method} {path}", {404})

    with_ids = [each for each in operations if set(each.ids) & UUIDS]
    assert len(with_ids) > 20
    assert not await all_of(one(each) for each in with_ids)


async def test_other_ways_to_write_an_id(operations: list[Operation], target: Target) -> None:
    """2B 66: the same thing, or nothing."""

    async def one(operation: Operation, way: str) -> str:
        written = {name: way.format(target.ids[name], str(target.ids[name]).upper()) for name in operation.ids}
        usual = await target.ask(target.player, "GET", operation.at(target.ids))
        answer = await target.ask(target.player, "GET", operation.at(target.ids | written))
        return problem_of(answer, f"{operation} {way}", {404, usual.status_code})

    reads = [each for each in operations if each.method == "GET" and set(each.ids) & UUIDS]
    ways = ("{1}", "urn:uuid:{0}", "%7B{0}%7D", "{0}%20", "%20{0}", "{0}%0A")
    assert not await all_of(one(each, way) for each in reads for way in ways)


@pytest.mark.parametrize(
    "path",
    [
        *("/api/v1/../internal/users/", "/api/v1/users/../../internal/users/", "/api/v1/%2e%2e/internal/users/"),
        *("/api/v1/users/%2e%2e/%2e%2e/internal/", "//internal/users/", "//users/", "/api/v1//users/me/"),
        *("/api/v1/users/me/%2f../", "/api/v1/users/me;a=b/", "/api/v1/users;a=b/me/", "/api/v1/users%2fme/"),
        *("/api\\v1\\users\\me/", "/API/v1/users/me/", "/api/v1/users/me%00/", "/api/v1/users/./me/", "/./internal/"),
        *("/internal/users/by_id/", "/internal/pictures/", "/openapi.json", "/docs", "/redoc", "/internal"),
        *("/media/../../etc/passwd", "/media/%2e%2e%2fetc%2fpasswd", "/media/..%5c..%5cetc", "/media/a%00.png"),
        *(
            "/media/",
            "/media//etc/passwd",
            "/media/" + "a" * 400,
            "/static/../services/users/app.py",
            "/static/%2e%2e/a",
        ),
        *("/.env", "/.git/config", "/admin/", "/api/", "/api/v1/", "/api/v2/users/me/", "/users/me/", "/jsz", "/varz"),
    ],
)
async def test_paths_lead_nowhere_else(mesh: Mesh, path: str) -> None:
    """2C 93, 96, 2F 141: 404 as JSON (or no HTTP at all), whoever asks, and never another service's answer."""
    answer = await exchange(mesh, f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    assert answer.status in (400, 404), answer
    assert list(answer.json) == ["detail"]


async def test_with_and_without_a_slash(ask: Ask, web: httpx.AsyncClient, target: Target) -> None:
    """2C 93: the same answer, and no redirect."""
    for path in ("/users/me", "/animals", "/dex/entries/my_entries", f"/animals/{target.ids['animal_id']}"):
        assert (await ask(target.player, "GET", path)).json() == (await ask(target.player, "GET", f"{path}/")).json()
    assert (await web.get("/health")).json() == (await web.get("/health/")).json()


async def test_metrics_name_routes_and_no_paths(ask: Ask, web: httpx.AsyncClient) -> None:
    """2C 96: labels are templates; a stranger cannot make a new one."""
    strange = f"never{uuid4().hex}"
    for path in (f"/{strange}/", f"/animals/{strange}/", f"/users/{strange}", f"/animals/?search={strange}"):
        await ask(None, "GET", path)
    await web.request("PROPFIND", f"/{strange}")
    metrics = (await web.get("/metrics/")).text
    assert strange not in metrics
    assert "PROPFIND" not in metrics


async def test_services_listen_at_home_only(mesh: Mesh) -> None:
    """2C 96: nothing but the gateway is for others; in the embedded stack all of it is on the loopback."""
    for name, process in mesh.topology["processes"].items():
        if process.get("url"):
            assert urlsplit(process["url"]).hostname == "127.0.0.1", name
