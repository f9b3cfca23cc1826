"""X8: how much the taxonomy holds."""

from tests.answers import Ask, body_of
from tests.shapes import fits

KEYS = ("total_taxa", "kingdoms", "species", "genera", "families", "sources")


async def test_the_numbers(ask: Ask) -> None:
    body = body_of(await ask(None, "GET", "/taxonomy/stats/"))
    fits(body, dict.fromkeys(KEYS, int))
    assert body["total_taxa"] > body["species"] > body["genera"] > body["families"] > body["kingdoms"] > 0
    assert body["sources"] > 0
