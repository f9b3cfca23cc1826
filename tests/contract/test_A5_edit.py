"""A5: staff corrects animals."""

import pytest

from deploy.local.player import Player
from tests.answers import Ask, body_of, refused
from tests.contract.captures import catch, new_animal, unheard_name
from tests.contract.objects_of_animals import ANIMAL
from tests.mesh import NewPlayer, until
from tests.shapes import fits

FORBIDDEN = {"detail": "You do not have permission to perform this action."}


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_for_staff_only(ask: Ask, ada: Player, method: str) -> None:
    animal = await new_animal(ask, ada)
    path = f"/animals/{animal['id']}/"
    refused(await ask(ada, method, path, json={"common_name": "Mine"}), 403, FORBIDDEN)
    assert (await ask(None, method, path, json={"common_name": "Mine"})).status_code == 401
    assert body_of(await ask(ada, "GET", path))["common_name"] == animal["common_name"]


async def test_a_part(ask: Ask, staff: Player, ada: Player) -> None:
    animal = await new_animal(ask, ada)
    sent = {"common_name": "Corrected", "verified": True, "conservation_status": "EN", "creation_index": 1}
    body = body_of(await ask(staff, "PATCH", f"/animals/{animal['id']}/", json=sent))
    fits(body, ANIMAL)
    assert (body["common_name"], body["verified"], body["conservation_status"]) == ("Corrected", True, "EN")
    assert (body["creation_index"], body["created_by"]) == (animal["creation_index"], ada.id)


async def test_the_whole(ask: Ask, staff: Player, ada: Player) -> None:
    animal = await new_animal(ask, ada)
    path = f"/animals/{animal['id']}/"
    refused(
        await ask(staff, "PUT", path, json={"common_name": "Half"}),
        400,
        {"scientific_name": ["This field is required."]},
    )
    sent = {"scientific_name": unheard_name(), "common_name": "Whole"}
    assert body_of(await ask(staff, "PUT", path, json=sent))["scientific_name"] == sent["scientific_name"]


async def test_a_taken_name(ask: Ask, staff: Player, ada: Player) -> None:
    one, other = await new_animal(ask, ada), await new_animal(ask, ada)
    answer = await ask(
        staff, "PATCH", f"/animals/{one['id']}/", json={"scientific_name": other["scientific_name"].upper()}
    )
    refused(answer, 400, {"scientific_name": ["Animal with this scientific name already exists."]})


async def test_what_is_not_there(ask: Ask, staff: Player) -> None:
    for method in ("PATCH", "DELETE"):
        answer = await ask(staff, method, "/animals/00000000-0000-4000-8000-000000000000/", json={})
        refused(answer, 404, {"detail": "No Animal matches the given query."})


async def test_a_rename_is_synced(ask: Ask, staff: Player, new_player: NewPlayer) -> None:
    """Everybody who has caught it hears of it with the next incremental sync (contract B8)."""
    eve = await new_player("eve")
    animal = await new_animal(ask, eve)
    await catch(ask, eve, animal)
    since = body_of(await ask(eve, "GET", "/dex/entries/sync_entries/"))["server_time"]
    path = "/dex/entries/sync_entries/"
    assert body_of(await ask(eve, "GET", path, params={"last_sync": since}))["entries"] == []
    name = unheard_name()
    body_of(await ask(staff, "PATCH", f"/animals/{animal['id']}/", json={"scientific_name": name}))

    async def renamed() -> bool:
        entries = body_of(await ask(eve, "GET", path, params={"last_sync": since}))["entries"]
        return [entry["scientific_name"] for entry in entries] == [name]

    await until(renamed, 10)


async def test_it_is_deleted(ask: Ask, staff: Player, ada: Player) -> None:
    animal = await new_animal(ask, ada)
    answer = await ask(staff, "DELETE", f"/animals/{animal['id']}/")
    assert (answer.status_code, answer.content) == (204, b"")
    refused(await ask(None, "GET", f"/animals/{animal['id']}/"), 404, {"detail": "No Animal matches the given query."})
    assert (await new_animal(ask, ada))["creation_index"] > animal["creation_index"]
