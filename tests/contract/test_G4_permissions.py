"""G4: the Authorization header, and who may what."""

import pytest

from deploy.local.player import Player
from tests.answers import Ask, refused
from tests.mesh import NewPlayer

NO_CREDENTIALS = {"detail": "Authentication credentials were not provided."}
BAD_HEADER = {
    "detail": "Authorization header must contain two space-delimited values",
    "code": "bad_authorization_header",
}
CLOSED = ("/users/me/", "/dex/entries/my_entries/", "/social/friendships/friends/", "/graph/tree/", "/vision/jobs/")
PUBLIC = ("/animals/", "/animals/recent/", "/taxonomy/search/?q=bison", "/taxonomy/stats/", "/sources/")


def bad_token(message: str) -> dict[str, object]:
    return {
        "detail": "Given token not valid for any token type",
        "code": "token_not_valid",
        "messages": [{"token_class": "AccessToken", "token_type": "access", "message": message}],
    }


@pytest.mark.parametrize("path", CLOSED)
@pytest.mark.parametrize("header", [None, "Token abc", "Basic YTpi", "bear abc"])
async def test_only_bearer_counts(ask: Ask, path: str, header: str | None) -> None:
    answer = await ask(None, "GET", path, headers={"Authorization": header} if header else {})
    refused(answer, 401, NO_CREDENTIALS)
    assert answer.headers["www-authenticate"] == 'Bearer realm="api"'


@pytest.mark.parametrize("path", [*CLOSED, *PUBLIC])
@pytest.mark.parametrize("header", ["Bearer", "Bearer a b"])
async def test_a_header_of_two_words(ask: Ask, path: str, header: str) -> None:
    answer = await ask(None, "GET", path, headers={"Authorization": header})
    refused(answer, 401, BAD_HEADER)
    assert answer.headers["www-authenticate"] == 'Bearer realm="api"'


@pytest.mark.parametrize("path", [*CLOSED, *PUBLIC])
@pytest.mark.parametrize("token", ["x", "a.b.c", "eyJhbGciOiJub25lIn0.e30."])
async def test_a_broken_token_is_refused_everywhere(ask: Ask, path: str, token: str) -> None:
    answer = await ask(None, "GET", path, headers={"Authorization": f"Bearer {token}"})
    refused(answer, 401, bad_token("Token is invalid"))


async def test_a_broken_token_is_refused_at_the_login_too(ask: Ask, ada: Player) -> None:
    for path in ("/auth/login/", "/auth/refresh/", "/users/"):
        answer = await ask(None, "POST", path, json={}, headers={"Authorization": "Bearer a.b.c"})
        refused(answer, 401, bad_token("Token is invalid"))


@pytest.mark.parametrize("path", PUBLIC)
async def test_public_is_public(ask: Ask, ada: Player, path: str) -> None:
    assert (await ask(None, "GET", path)).status_code == 200
    assert (await ask(None, "GET", path, headers={"Authorization": "Token abc"})).status_code == 200
    assert (await ask(ada, "GET", path)).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/users/"),
        ("PUT", "/animals/00000000-0000-4000-8000-000000000000/"),
        ("DELETE", "/animals/00000000-0000-4000-8000-000000000000/"),
    ],
)
async def test_players_are_not_staff(ask: Ask, ada: Player, method: str, path: str) -> None:
    refused(await ask(ada, method, path), 403, {"detail": "You do not have permission to perform this action."})
    refused(await ask(None, method, path), 401, NO_CREDENTIALS)


@pytest.mark.parametrize(
    ("path", "model"),
    [
        ("/animals/{}/", "Animal"),
        ("/users/{}/", "User"),
        ("/images/convert/{}/", "ImageConversion"),
        ("/images/convert/{}/download/", "ImageConversion"),
        ("/vision/jobs/{}/", "AnalysisJob"),
        ("/dex/entries/{}/", "DexEntry"),
        ("/social/friendships/{}/", "Friendship"),
    ],
)
async def test_what_one_may_not_see_is_not_there(ask: Ask, ada: Player, path: str, model: str) -> None:
    answer = await ask(ada, "GET", path.format("00000000-0000-4000-8000-000000000000"))
    refused(answer, 404, {"detail": f"No {model} matches the given query."})


@pytest.mark.parametrize("name", ["X-User-Id", "X-User", "X-Is-Staff", "X-Is-Superuser", "X-Remote-User"])
async def test_identity_headers_from_outside_count_for_nothing(ask: Ask, ada: Player, name: str) -> None:
    value = "true" if "Is" in name else ada.id
    refused(await ask(None, "GET", "/users/me/", headers={name: value}), 401, NO_CREDENTIALS)
    assert (await ask(ada, "GET", "/users/", headers={name: value})).status_code == 403


async def test_a_deleted_user_is_out_at_once_in_every_service(ask: Ask, new_player: NewPlayer) -> None:
    eve = await new_player("eve")
    assert (await ask(eve, "DELETE", "/users/me/")).status_code == 204
    for path in (*CLOSED, "/animals/"):
        refused(await ask(eve, "GET", path), 401, {"detail": "User not found", "code": "user_not_found"})
