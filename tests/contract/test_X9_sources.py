"""X9: where taxa come from."""

from tests.answers import Ask, body_of, refused
from tests.contract.objects_of_animals import SOURCE
from tests.contract.taxa import NOBODYS
from tests.shapes import fits, page_of


async def test_the_active_sources(ask: Ask) -> None:
    body = body_of(await ask(None, "GET", "/sources/"))
    fits(body, page_of(SOURCE))
    assert body["count"] > 0
    assert all(each["is_active"] for each in body["results"])
    for source in body["results"]:
        assert body_of(await ask(None, "GET", f"/sources/{source['id']}/")) == source


async def test_none(ask: Ask) -> None:
    for bad_id in (NOBODYS, "zz"):
        assert body_of(await ask(None, "GET", f"/sources/{bad_id}/"), 404)["detail"]
    refused(await ask(None, "GET", "/sources/zz/"), 404, {"detail": "Not found."})
