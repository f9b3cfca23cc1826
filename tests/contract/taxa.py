"""The way to taxa that the built-in backbone holds."""

from tests.answers import Ask, Json, body_of


async def taxon_named(ask: Ask, name: str) -> Json:
    """The search result that has exactly this scientific name."""
    found = body_of(await ask(None, "GET", "/taxonomy/search/", params={"q": name, "limit": "100"}))["results"]
    (taxon,) = [each for each in found if each["scientific_name"] == name]
    return taxon


NOBODYS = "00000000-0000-4000-8000-000000000000"
