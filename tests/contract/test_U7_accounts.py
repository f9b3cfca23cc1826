"""U7: accounts are seen by their owners and by staff only."""

from deploy.local.player import Player
from tests.answers import Ask, body_of, refused
from tests.contract.objects_of_users import USER
from tests.shapes import fits, page_of

FORBIDDEN = {"detail": "You do not have permission to perform this action."}
NOT_THERE = {"detail": "No User matches the given query."}


async def test_the_list_is_for_staff(ask: Ask, staff: Player, ada: Player) -> None:
    refused(await ask(ada, "GET", "/users/"), 403, FORBIDDEN)
    assert (await ask(None, "GET", "/users/")).status_code == 401
    body = body_of(await ask(staff, "GET", "/users/"))
    fits(body, page_of(USER))
    moments = [each["created_at"] for each in body["results"]]
    assert moments == sorted(moments, reverse=True)


async def test_oneself(ask: Ask, ada: Player) -> None:
    by_id = body_of(await ask(ada, "GET", f"/users/{ada.id}/"))
    fits(by_id, USER)
    assert by_id == body_of(await ask(ada, "GET", "/users/me/"))
    assert by_id == body_of(await ask(ada, "GET", f"/users/{ada.id.upper()}/"))


async def test_others_are_not_there(ask: Ask, ada: Player, ben: Player) -> None:
    answer = await ask(ada, "GET", f"/users/{ben.id}/")
    refused(answer, 404, NOT_THERE)
    refused(await ask(ada, "GET", "/users/00000000-0000-4000-8000-000000000000/"), 404, NOT_THERE)
    assert (await ask(None, "GET", f"/users/{ada.id}/")).status_code == 401


async def test_staff_sees_everybody(ask: Ask, staff: Player, ada: Player) -> None:
    assert body_of(await ask(staff, "GET", f"/users/{ada.id}/"))["username"] == ada.name
    refused(await ask(staff, "GET", "/users/00000000-0000-4000-8000-000000000000/"), 404, NOT_THERE)
    refused(await ask(staff, "GET", "/users/zz/"), 404, {"detail": "Not found."})
