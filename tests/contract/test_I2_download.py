"""I2: the converted PNG, for its owner, for half an hour."""

import pytest

from deploy.local.player import Player
from tests.answers import Ask, refused
from tests.contract.aging import Aged
from tests.contract.pictures import decoded
from tests.contract.test_I1_convert import convert, new_picture

NOT_THERE = {"detail": "No ImageConversion matches the given query."}


async def test_it_is_a_png_shown_in_place(ask: Ask, ada: Player) -> None:
    found = await convert(ask, ada, new_picture())
    answer = await ask(ada, "GET", f"/images/convert/{found['id']}/download/")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/png"
    assert int(answer.headers["content-length"]) == len(answer.content) > 0
    assert answer.headers["content-disposition"].startswith('inline; filename="')
    assert "content-encoding" not in answer.headers
    assert list(decoded(answer.content).size) == found["metadata"]["converted_size"]


async def test_nobody_else_sees_it(ask: Ask, ada: Player, ben: Player, staff: Player) -> None:
    found = await convert(ask, ada, new_picture())
    path = f"/images/convert/{found['id']}/download/"
    refused(await ask(ben, "GET", path), 404, NOT_THERE)
    refused(await ask(staff, "GET", path), 404, NOT_THERE)
    refused(await ask(None, "GET", path), 401, {"detail": "Authentication credentials were not provided."})


async def test_after_half_an_hour_it_is_gone(ask: Ask, ada: Player, aged: Aged) -> None:
    found = await convert(ask, ada, new_picture())
    await aged("vision.image_conversions", "expires_at", found["id"], "31 minutes")
    answer = await ask(ada, "GET", f"/images/convert/{found['id']}/download/")
    refused(answer, 410, {"error": "This conversion has expired"})


@pytest.mark.parametrize(
    ("conversion_id", "body"),
    [("00000000-0000-4000-8000-000000000000", NOT_THERE), ("koala", {"detail": "Not found."})],
)
async def test_an_unknown_id(ask: Ask, ada: Player, conversion_id: str, body: dict[str, str]) -> None:
    refused(await ask(ada, "GET", f"/images/convert/{conversion_id}/download/"), 404, body)
