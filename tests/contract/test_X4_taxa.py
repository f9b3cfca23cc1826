"""X4: all accepted taxa."""

from tests.answers import Ask, body_of
from tests.contract.objects_of_animals import TAXON_MINIMAL
from tests.shapes import fits, page_of


async def test_they_are_paginated_by_name(ask: Ask) -> None:
    first = body_of(await ask(None, "GET", "/taxonomy/"))
    fits(first, page_of(TAXON_MINIMAL))
    assert first["count"] > 40_000
    assert len(first["results"]) == 50
    assert {each["status"] for each in first["results"]} == {"accepted"}
    second = body_of(await ask(None, "GET", first["next"]))
    assert second["previous"]
    assert not {each["id"] for each in first["results"]} & {each["id"] for each in second["results"]}
    last = body_of(await ask(None, "GET", f"/taxonomy/?page={-(-first['count'] // 50)}"))
    assert last["next"] is None
    assert len(last["results"]) == (first["count"] - 1) % 50 + 1
