"""X6: from the root down to a taxon."""

from tests.answers import Ask, body_of, refused
from tests.contract.objects_of_animals import TAXON_MINIMAL
from tests.contract.taxa import NOBODYS, taxon_named
from tests.shapes import fits, list_of


async def test_the_way_down(ask: Ask) -> None:
    bison = await taxon_named(ask, "Bison bison")
    body = body_of(await ask(None, "GET", f"/taxonomy/{bison['id']}/lineage/"))
    fits(body, list_of(TAXON_MINIMAL))
    names = [each["scientific_name"] for each in body["results"]]
    assert body["count"] == len(names)
    assert names[-1] == "Bison bison"
    ranks = ["Animalia", "Chordata", "Mammalia", "Artiodactyla", "Bovidae", "Bison", "Bison bison"]
    assert [name for name in names if name in ranks] == ranks


async def test_of_none(ask: Ask) -> None:
    for bad_id in (NOBODYS, "zz"):
        refused(await ask(None, "GET", f"/taxonomy/{bad_id}/lineage/"), 404, {"detail": "Not found."})
