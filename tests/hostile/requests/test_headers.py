"""2C 90-92, 94, 95: headers that claim to be somebody or to come from somewhere, and what answers say."""

from uuid import uuid4

import httpx
import pytest

from deploy.local.player import Player
from tests.answers import SECURITY, Ask, body_of, refused
from tests.contract.captures import catch, new_animal
from tests.hostile.requests.conftest import Target
from tests.hostile.requests.raw import exchange
from tests.mesh import Mesh

NOBODY = "Authentication credentials were not provided."


@pytest.mark.parametrize(
    "name",
    ["X-User-Id", "X-User", "X-Forwarded-User", "X-Remote-User", "Remote-User", "X-Internal-Token", "X-Auth-User-Id"],
)
async def test_an_identity_from_outside_is_none(ask: Ask, target: Target, name: str) -> None:
    """2C 90: only a token says who somebody is; with one, nobody becomes another."""
    claim = {name: target.player.id, f"{name}_": target.player.id, name.replace("-", "_"): target.player.id}
    refused(await ask(None, "GET", "/users/me/", headers=claim), 401, {"detail": NOBODY})
    other = {name: str(uuid4())}
    assert body_of(await ask(target.player, "GET", "/users/me/", headers=other))["id"] == target.player.id


@pytest.mark.parametrize("given", ["x" * 10_000, "a b\tc", "'; drop", str(uuid4()), ""])
async def test_the_id_of_a_request_is_ours(ask: Ask, mesh: Mesh, given: str) -> None:
    """2C 90: neither in the answer nor in any log is what the client made up."""
    made_up = {"X-Request-Id": given, "traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01"}
    answer = await ask(None, "GET", "/animals/", headers=made_up)
    assert len(answer.headers["x-request-id"]) == 32
    assert answer.headers["x-request-id"] != given
    if len(given) > 10:
        for service in ("gateway", "animals"):
            log = mesh.log(service)
            assert given not in log and "abababababababab" not in log


@pytest.mark.parametrize(
    "override",
    [
        {"X-HTTP-Method-Override": "DELETE"},
        {"X-HTTP-Method": "DELETE", "X-Method-Override": "DELETE"},
        {"X-Original-URL": "/internal/users/", "X-Rewrite-URL": "/internal/users/"},
        {"X-Forwarded-Host": "evil.example", "X-Forwarded-Prefix": "/evil", "X-Forwarded-Proto": "https"},
        {"Forwarded": "for=1.2.3.4;host=evil.example;proto=https"},
        {"X-Forwarded-For": ", ".join(f"10.0.{i // 250}.{i % 250}" for i in range(1000)), "X-Real-IP": "1.2.3.4"},
        {"X-Consistency-Token": f"dex/{uuid4()}@999999999"},
        {"X-Route": "evil", "X-Leaving": "1"},
        {"Range": "bytes=" + ",".join(["0-"] * 1000)},
        {"Accept": "text/html," * 500, "Accept-Encoding": "gzip," * 500},
        {"If-None-Match": '"' + "x" * 20_000 + '"', "If-Modified-Since": "yesterday"},
        {"Expect": "200-ok"},
        {"Cookie": "sessionid=1;" * 500},
    ],
    ids=lambda override: next(iter(override)),
)
async def test_headers_that_would_change_the_request(ask: Ask, target: Target, override: dict[str, str]) -> None:
    """2C 90: stripped or ignored; the same route answers in the same way."""
    for path in ("/users/me/", "/animals/?page=1"):
        plain = await ask(target.player, "GET", path)
        answer = await ask(target.player, "GET", path, headers=override)
        assert body_of(answer) == plain.json()
        assert "evil" not in answer.text
        assert "x-leaving" not in answer.headers


@pytest.mark.parametrize(
    "host", ["evil", "evil.example", "localhost.evil.example", "evil.example:80", "127.0.0.1.evil.io"]
)
async def test_hosts_that_are_not_ours(mesh: Mesh, host: str) -> None:
    """2C 91: 400, on API, pages and media; the probes do not mind, they are asked by address."""
    for path in ("/api/v1/animals/", "/", "/media/a.png", "/api/docs/", "/api/v1/health/"):
        request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
        answer = await exchange(mesh, request)
        assert (answer.status, answer.json) == (400, {"detail": "Invalid Host header."})
    probe = await exchange(mesh, f"GET /health/ HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    assert probe.status == 200


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1", "[::1]:80", "192.168.1.20:8000"])
async def test_addresses_do_not_follow_the_host(ask: Ask, mesh: Mesh, target: Target, host: str) -> None:
    """2C 91: whatever host is asked, answers name the configured one."""
    entry = body_of(await ask(target.player, "GET", f"/dex/entries/{target.ids['entry_id']}/", headers={"Host": host}))
    assert entry["original_image"].startswith(f"{mesh.url}/media/")
    page = body_of(await ask(target.player, "GET", "/taxonomy/", headers={"Host": host}))
    assert page["next"].startswith(f"{mesh.url}/api/v1/taxonomy/")


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "https://evil.example",
        "http://localhost:3000.evil.example",
        "http://localhost:30000",
        "file://",
        "*",
        "",
    ],
)
async def test_other_origins_get_no_word_of_it(ask: Ask, target: Target, origin: str) -> None:
    """2C 92: no `Access-Control-*` for whom the list does not name, with credentials or without."""
    preflight = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "authorization"}
    for answer in (
        await ask(target.player, "GET", "/users/me/", headers={"Origin": origin}),
        await ask(None, "OPTIONS", "/dex/entries/", headers={"Origin": origin, **preflight}),
    ):
        assert not [name for name in answer.headers if name.startswith("access-control-")]


async def test_what_caches_may_keep(ask: Ask, web: httpx.AsyncClient, target: Target) -> None:
    """2C 94, 95: nothing of a player's own; pictures for all, as pictures and nothing else."""
    for path in (
        "/users/me/",
        "/dex/entries/my_entries/",
        "/graph/tree/?mode=personal",
        "/social/friendships/friends/",
    ):
        answer = await ask(target.player, "GET", path)
        assert "private" in answer.headers["cache-control"], path
    entry = body_of(await ask(target.player, "GET", f"/dex/entries/{target.ids['entry_id']}/"))
    picture = await web.get(entry["original_image"])
    assert picture.headers["content-type"] == "image/png"
    assert picture.headers["content-security-policy"].startswith("default-src 'none'")
    assert picture.headers["x-content-type-options"] == "nosniff"
    shown = await ask(target.player, "GET", f"/vision/jobs/{target.ids['job_id']}/dex-image/")
    assert shown.headers["content-disposition"].startswith("inline; filename=")
    assert "private" in shown.headers["cache-control"]


async def test_no_answer_tells_what_runs_here(ask: Ask, web: httpx.AsyncClient, staff: Player) -> None:
    """2C 95: no product, no version; the headers of contract G8 everywhere."""
    paths = ("/", "/health/", "/metrics/", "/nothing", "/api/docs/", "/media/none.png")
    answers = [await web.get(path) for path in paths]
    answers += [await ask(staff, "GET", "/users/me/"), await ask(None, "POST", "/auth/login/", content=b"{")]
    for answer in answers:
        assert not {"server", "x-powered-by", "via"} & set(answer.headers)
        assert {name: answer.headers.get(name) for name in SECURITY} == SECURITY


async def test_a_picture_is_of_no_use_to_a_page(ask: Ask, web: httpx.AsyncClient, staff: Player) -> None:
    """2F 142: parts of a picture, a thousand at once, are one answer of bounded size."""
    entry = await catch(ask, staff, await new_animal(ask, staff))
    for ranges in ("bytes=0-,0-,0-", "bytes=" + ",".join(["0-"] * 1000), "bytes=-1", "bytes=9-1", "lines=1-2"):
        answer = await web.get(entry["original_image"], headers={"Range": ranges})
        assert answer.status_code in (200, 206, 416), ranges
