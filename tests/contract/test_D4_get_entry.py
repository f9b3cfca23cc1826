"""D4: one entry, for whoever may see it; staff may read any."""

import pytest

from deploy.local.player import Player
from tests.answers import Ask, body_of, refused
from tests.contract.circle import Circle
from tests.contract.objects_of_dex import DEX_ENTRY
from tests.shapes import fits

HIDDEN = {"detail": "No DexEntry matches the given query."}


async def test_its_owner_sees_all_of_it(ask: Ask, circle: Circle) -> None:
    for visibility, entry in circle.entries.items():
        found = body_of(await ask(circle.owner, "GET", f"/dex/entries/{entry['id']}/"))
        fits(found, DEX_ENTRY)
        assert (found["owner"], found["owner_username"]) == (circle.owner.id, circle.owner.name)
        assert (found["visibility"], found["is_favorite"]) == (visibility, False)
        animal = circle.animals[visibility]
        assert found["animal"] == found["animal_details"]["id"] == animal["id"]
        assert found["animal_details"]["creation_index"] == animal["creation_index"]
        assert found["original_image"] == entry["original_image"]


@pytest.mark.parametrize(
    ("role", "seen"),
    [
        ("friend", ("friends", "public")),
        ("ex_friend", ("public",)),
        ("blocked", ("public",)),
        ("stranger", ("public",)),
        ("staff", ("private", "friends", "public")),
    ],
)
async def test_the_others(ask: Ask, circle: Circle, role: str, seen: tuple[str, ...]) -> None:
    for visibility, entry in circle.entries.items():
        answer = await ask(circle.player(role), "GET", f"/dex/entries/{entry['id']}/")
        if visibility in seen:
            fits(body_of(answer), DEX_ENTRY)
        else:
            refused(answer, 404, HIDDEN)


@pytest.mark.parametrize(
    ("entry_id", "body"), [("00000000-0000-4000-8000-000000000000", HIDDEN), ("koala", {"detail": "Not found."})]
)
async def test_ids_of_nothing(ask: Ask, ada: Player, entry_id: str, body: dict[str, str]) -> None:
    refused(await ask(ada, "GET", f"/dex/entries/{entry_id}/"), 404, body)
