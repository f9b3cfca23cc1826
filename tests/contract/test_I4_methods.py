"""I4: conversions are made and read; nothing else can be done to them."""

import pytest

from deploy.local.player import Player
from tests.answers import Ask, body_of
from tests.contract.test_I1_convert import convert, new_picture


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
async def test_the_collection_takes_only_post(ask: Ask, ada: Player, method: str) -> None:
    answer = await ask(ada, method, "/images/convert/")
    assert body_of(answer, 405) == {"detail": f'Method "{method}" not allowed.'}
    assert "POST" in answer.headers["allow"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_a_conversion_is_only_read(ask: Ask, ada: Player, method: str) -> None:
    found = await convert(ask, ada, new_picture())
    answer = await ask(ada, method, f"/images/convert/{found['id']}/")
    assert body_of(answer, 405) == {"detail": f'Method "{method}" not allowed.'}
    assert "GET" in answer.headers["allow"]
