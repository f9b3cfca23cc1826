"""I3: what was converted, told again to its owner, also when the picture is gone."""

from deploy.local.player import Player
from tests.answers import Ask, body_of, refused
from tests.contract.aging import Aged
from tests.contract.test_I1_convert import convert, new_picture


async def test_the_same_body_as_at_first(ask: Ask, ada: Player) -> None:
    found = await convert(ask, ada, new_picture(), {"rotation": 90})
    assert body_of(await ask(ada, "GET", f"/images/convert/{found['id']}/")) == found


async def test_also_after_it_has_expired(ask: Ask, ada: Player, aged: Aged) -> None:
    found = await convert(ask, ada, new_picture())
    await aged("vision.image_conversions", "expires_at", found["id"], "2 hours")
    again = body_of(await ask(ada, "GET", f"/images/convert/{found['id']}/"))
    assert again.pop("expires_at") < found.pop("expires_at")
    assert again == found


async def test_for_its_owner_only(ask: Ask, ada: Player, ben: Player, staff: Player) -> None:
    found = await convert(ask, ada, new_picture())
    for other in (ben, staff):
        answer = await ask(other, "GET", f"/images/convert/{found['id']}/")
        refused(answer, 404, {"detail": "No ImageConversion matches the given query."})


async def test_an_id_that_is_none(ask: Ask, ada: Player) -> None:
    refused(await ask(ada, "GET", "/images/convert/17/"), 404, {"detail": "Not found."})
