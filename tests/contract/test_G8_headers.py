"""G8: other origins, security headers, compression, and who may keep an answer."""

import gzip

import httpx
import pytest

from deploy.local.player import Player
from tests.answers import SECURITY, Ask, body_of
from tests.contract.captures import catch, new_animal
from tests.mesh import NewPlayer

LISTED, OTHER = "http://localhost:3000", "https://evil.example"
PREFLIGHT = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "authorization,content-type"}
REQUEST_HEADERS = (
    *("accept", "authorization", "content-type", "user-agent", "x-csrftoken", "x-requested-with"),
    *("x-client-version", "x-client-build"),
)


def cors_of(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name.startswith("access-control-")}


def words_of(value: str) -> set[str]:
    return {word.strip() for word in value.split(",")}


@pytest.mark.parametrize("path", ["/auth/login/", "/dex/entries/", "/nowhere/"])
async def test_the_preflight_of_a_listed_origin(ask: Ask, path: str) -> None:
    answer = await ask(None, "OPTIONS", path, headers={"Origin": LISTED, **PREFLIGHT})
    assert answer.status_code in (200, 204)
    cors = cors_of(answer)
    assert cors["access-control-allow-origin"] == LISTED
    assert cors["access-control-allow-credentials"] == "true"
    assert cors["access-control-max-age"] == "86400"
    assert words_of(cors["access-control-allow-methods"]) == {"DELETE", "GET", "OPTIONS", "PATCH", "POST", "PUT"}
    assert words_of(cors["access-control-allow-headers"].lower()) >= set(REQUEST_HEADERS)


async def test_answers_to_a_listed_origin_errors_included(ask: Ask) -> None:
    for path in ("/animals/", "/users/me/", "/nowhere/"):
        answer = await ask(None, "GET", path, headers={"Origin": LISTED})
        assert cors_of(answer)["access-control-allow-origin"] == LISTED
        assert "origin" in answer.headers["vary"].lower()


@pytest.mark.parametrize("origin", [OTHER, "null", f"{LISTED}.evil.example", "http://localhost:3001"])
async def test_any_other_origin_gets_none_of_it(ask: Ask, origin: str) -> None:
    assert cors_of(await ask(None, "GET", "/animals/", headers={"Origin": origin})) == {}
    assert cors_of(await ask(None, "OPTIONS", "/animals/", headers={"Origin": origin, **PREFLIGHT})) == {}


@pytest.mark.parametrize("path", ["/", "/health/", "/api/v1/nowhere/", "/api/docs/", "/media/none.png", "/metrics/"])
async def test_security_headers_are_on_every_answer(web: httpx.AsyncClient, path: str) -> None:
    answer = await web.get(path)
    assert {name: answer.headers.get(name) for name in SECURITY} == SECURITY
    assert "strict-transport-security" not in answer.headers
    assert "server" not in answer.headers


@pytest.mark.parametrize("wanted", ["gzip", "gzip, deflate", "*", "br;q=1, gzip;q=0.5"])
async def test_json_is_compressed_for_who_asks(ask: Ask, wanted: str) -> None:
    path = "/taxonomy/search/?q=canis"
    plain = await ask(None, "GET", path, headers={"Accept-Encoding": "identity"})
    packed = await ask(None, "GET", path, headers={"Accept-Encoding": wanted})
    assert packed.headers["content-encoding"] == "gzip"
    assert "accept-encoding" in packed.headers["vary"].lower()
    assert packed.json() == plain.json()


@pytest.mark.parametrize("wanted", ["identity", "gzip;q=0", "br", "deflate;q=0.1", ""])
async def test_nothing_is_compressed_for_who_does_not(ask: Ask, wanted: str) -> None:
    answer = await ask(None, "GET", "/taxonomy/search/?q=canis", headers={"Accept-Encoding": wanted})
    assert "content-encoding" not in answer.headers
    assert "accept-encoding" in answer.headers["vary"].lower()
    assert answer.json()["count"] > 0


async def test_pictures_are_never_compressed(ask: Ask, web: httpx.AsyncClient, new_player: NewPlayer) -> None:
    eve = await new_player("eve")
    entry = await catch(ask, eve, await new_animal(ask, eve))
    answer = await web.get(entry["original_image"], headers={"Accept-Encoding": "gzip, deflate, br"})
    assert "content-encoding" not in answer.headers
    assert answer.content.startswith(b"\x89PNG")
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert not answer.content.startswith(gzip.compress(b"")[:2])


@pytest.mark.parametrize("path", ["/users/me/", "/users/friend_code/", "/vision/jobs/stats/"])
async def test_a_players_answers_are_stored_by_nobody(ask: Ask, ada: Player, path: str) -> None:
    assert (await ask(ada, "GET", path)).headers["cache-control"] == "private, no-store"


@pytest.mark.parametrize(
    "path", ["/graph/tree/?mode=personal", "/graph/tree/?mode=friends", "/graph/evolutionary-tree/"]
)
async def test_an_answer_with_a_tag_is_not_sent_twice(ask: Ask, ada: Player, path: str) -> None:
    first = await ask(ada, "GET", path)
    assert first.headers["cache-control"] == "private, no-cache"
    again = await ask(ada, "GET", path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = await ask(ada, "GET", path, headers={"If-None-Match": '"something-else"'})
    assert body_of(other) == body_of(first)
