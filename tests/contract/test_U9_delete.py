"""U9: accounts are deleted by their owners and by staff."""

from deploy.local.player import Player
from tests.answers import Ask, refused
from tests.mesh import NewPlayer

NOT_THERE = {"detail": "No User matches the given query."}
GONE = {"detail": "User not found", "code": "user_not_found"}


async def test_oneself_by_id(ask: Ask, new_player: NewPlayer) -> None:
    eve = await new_player("eve")
    answer = await ask(eve, "DELETE", f"/users/{eve.id}/")
    assert (answer.status_code, answer.content) == (204, b"")
    refused(await ask(eve, "GET", "/users/me/"), 401, GONE)
    refused(await ask(eve, "DELETE", f"/users/{eve.id}/"), 401, GONE)


async def test_others_only_by_staff(ask: Ask, staff: Player, ada: Player, new_player: NewPlayer) -> None:
    eve = await new_player("eve")
    refused(await ask(ada, "DELETE", f"/users/{eve.id}/"), 404, NOT_THERE)
    assert (await ask(eve, "GET", "/users/me/")).status_code == 200
    assert (await ask(staff, "DELETE", f"/users/{eve.id}/")).status_code == 204
    refused(await ask(eve, "GET", "/users/me/"), 401, GONE)
    refused(await ask(staff, "DELETE", f"/users/{eve.id}/"), 404, NOT_THERE)
    refused(await ask(staff, "DELETE", "/users/zz/"), 404, {"detail": "Not found."})
