"""G1: one origin, slashes, unknown paths, methods and ids."""

import httpx
import pytest

from deploy.local.player import Player
from tests.answers import Ask, body_of, refused


@pytest.mark.parametrize(
    "path",
    ["/users/me", "/users/friend_code", "/animals", "/dex/entries/my_entries", "/graph/tree", "/vision/jobs/stats"],
)
async def test_an_unslashed_path_is_the_slashed_one(ask: Ask, ada: Player, path: str) -> None:
    bare, slashed = await ask(ada, "GET", path), await ask(ada, "GET", f"{path}/")
    assert bare.status_code in (200, 301)
    if bare.status_code == 301:
        assert bare.headers["location"].endswith(f"{path}/")
    else:
        assert body_of(bare) == body_of(slashed)


async def test_an_unslashed_post_is_answered_too(ask: Ask) -> None:
    answer = await ask(None, "POST", "/auth/login", json={"username": "nobody", "password": "nothing"})
    assert answer.status_code in (301, 401)


@pytest.mark.parametrize("path", ["/api/", "/api/v1/", "/api/v1/nowhere/", "/api/v2/users/", "/api/v1/users/a/b/c/"])
@pytest.mark.parametrize("accept", ["*/*", "text/html"])
async def test_an_unknown_path_is_a_json_404(web: httpx.AsyncClient, path: str, accept: str) -> None:
    refused(await web.get(path, headers={"Accept": accept}), 404, {"detail": "Not found."})


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/auth/login/", "POST"),
        ("DELETE", "/animals/", "GET"),
        ("POST", "/animals/recent/", "GET"),
        ("PUT", "/users/friend_code/", "GET"),
        ("DELETE", "/vision/jobs/stats/", "GET"),
        ("PUT", "/dex/entries/my_entries/", "GET"),
        ("POST", "/graph/tree/", "GET"),
        ("GET", "/social/friendships/send_request/", "POST"),
        ("POST", "/taxonomy/search/", "GET"),
    ],
)
async def test_a_wrong_method_is_named(ask: Ask, ada: Player, method: str, path: str, allowed: str) -> None:
    answer = await ask(ada, method, path)
    refused(answer, 405, {"detail": f'Method "{method}" not allowed.'})
    assert allowed in answer.headers["allow"]


@pytest.mark.parametrize("path", ["/animals/", "/users/me/", "/taxonomy/stats/", "/dex/entries/my_entries/"])
async def test_head_is_get_without_a_body(ask: Ask, ada: Player, path: str) -> None:
    head = await ask(ada, "HEAD", path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == "application/json"


@pytest.mark.parametrize("path", ["/users/", "/animals/", "/dex/entries/", "/vision/jobs/"])
async def test_options_tells_the_methods(ask: Ask, path: str) -> None:
    answer = await ask(None, "OPTIONS", path)
    assert answer.status_code in (200, 204)
    assert {"GET", "POST"} <= {method.strip() for method in answer.headers["allow"].split(",")}


@pytest.mark.parametrize("bad_id", ["zz", "1", "0b7e3a7e-0000-4000-8000", "null", "%00", "%F0%9F%90%A8", "a" * 300])
@pytest.mark.parametrize(
    "path",
    ["/animals/{}/", "/taxonomy/{}/", "/sources/{}/", "/users/{}/", "/dex/entries/{}/", "/vision/jobs/{}/"],
)
async def test_an_id_that_is_none_is_not_found(ask: Ask, ada: Player, path: str, bad_id: str) -> None:
    refused(await ask(ada, "GET", path.format(bad_id)), 404, {"detail": "Not found."})
