"""U4: an account is deleted, in every service, and what others had of it is gone."""

import httpx

from tests.answers import Ask, body_of, refused
from tests.contract.accounts import PASSWORD, new_account
from tests.contract.captures import befriended, catch, new_animal, requested
from tests.mesh import NewPlayer, until

GONE = {"detail": "User not found", "code": "user_not_found"}


async def test_everything_of_a_player_goes(ask: Ask, web: httpx.AsyncClient, new_player: NewPlayer) -> None:
    eve, ben, cem = await new_player("eve"), await new_player("ben"), await new_player("cem")
    await befriended(ask, eve, ben)
    await requested(ask, eve, cem)
    animal = await new_animal(ask, eve)
    entry = await catch(ask, eve, animal, visibility="public", notes="Seen by eve.")
    picture = entry["original_image"]

    async def ben_sees() -> bool:
        return bool((await ben.tree("friends"))["stats"]["friend_captures"] == 1)

    await until(ben_sees, 10)
    answer = await ask(eve, "DELETE", "/users/me/")
    assert (answer.status_code, answer.content) == (204, b"")
    for path in ("/users/me/", "/dex/entries/my_entries/", "/social/friendships/friends/", "/vision/jobs/"):
        refused(await ask(eve, "GET", path), 401, GONE)

    async def all_forgot() -> bool:
        tree = await ben.tree("friends")
        lists = [
            body_of(await ask(ben, "GET", "/social/friendships/friends/"))["count"],
            body_of(await ask(cem, "GET", "/social/friendships/pending/"))["count"],
            len(body_of(await ask(ben, "GET", "/dex/entries/friends_overview/"))["friends"]),
            body_of(await ask(ben, "GET", f"/dex/entries/by_animal/?animal_id={animal['id']}"))["count"],
            tree["stats"]["friend_captures"],
        ]
        left = body_of(await ask(ben, "GET", f"/animals/{animal['id']}/"))
        is_free = (left["created_by"], left["created_by_username"], left["discovery_count"]) == (None, None, 0)
        return not any(lists) and is_free

    async def the_picture_is_gone() -> bool:
        return (await web.get(picture)).status_code == 404

    await until(all_forgot, 20)
    await until(the_picture_is_gone, 20)
    assert (await ask(ben, "GET", f"/dex/entries/user/{eve.id}/entries/")).status_code == 404
    assert body_of(await ask(ben, "GET", f"/animals/{animal['id']}/"))["scientific_name"] == animal["scientific_name"]
    code = await ask(ben, "POST", "/users/lookup_friend_code/", json={"friend_code": eve.friend_code})
    refused(code, 404, {"error": "No user found with this friend code"})


async def test_the_names_are_free_again(ask: Ask, new_player: NewPlayer) -> None:
    eve = await new_player("eve")
    assert (await ask(eve, "DELETE", "/users/me/")).status_code == 204
    login = await ask(None, "POST", "/auth/login/", json={"username": eve.name, "password": PASSWORD})
    refused(login, 401, {"detail": "No active account found with the given credentials"})
    again = body_of(await ask(None, "POST", "/users/", json=new_account(eve.name)), 201)
    assert again["username"] == eve.name
    assert again["id"] != eve.id
    refused(await ask(eve, "GET", "/users/me/"), 401, GONE)
