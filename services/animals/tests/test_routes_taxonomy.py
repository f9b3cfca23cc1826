"""The taxonomy over HTTP (contract X)."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

SEARCH = "/api/v1/taxonomy/search/"
TAXONOMY = "/api/v1/taxonomy/"


async def search(client: httpx.AsyncClient, **asked: str) -> list[dict[str, Any]]:
    answer = await client.get(SEARCH, params=asked)
    assert answer.status_code == 200, answer.text
    assert answer.json()["count"] == len(answer.json()["results"])
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


async def names(client: httpx.AsyncClient, **asked: str) -> list[str]:
    return [taxon["scientific_name"] for taxon in await search(client, **asked)]


async def test_a_taxon_has_everything_that_the_client_reads(client: httpx.AsyncClient) -> None:
    [wolf] = await search(client, genus="canis", species="LUPUS", common_name="gray wolf", limit="20")
    assert wolf | {"id": "", "common_names": []} == {
        "id": "",
        "scientific_name": "Canis lupus",
        "rank_name": "species",
        "status": "accepted",
        "kingdom": "Animalia",
        "phylum": "Chordata",
        "class_name": "Mammalia",
        "order": "Carnivora",
        "family": "Canidae",
        "genus": "Canis",
        "specific_epithet": "lupus",
        "infraspecific_epithet": "",
        "source_name": "BiologiDex backbone",
        "completeness_score": "1.00",
        "common_names": [],
    }
    first = wolf["common_names"][0]
    assert first == {"name": "gray wolf", "language": "eng", "country": "", "is_preferred": True}


async def test_all_given_criteria_must_hold(client: httpx.AsyncClient) -> None:
    assert await names(client, genus="Panthera", common_name="leopard") == ["Panthera pardus", "Panthera uncia"]
    assert await names(client, genus="Panthera", common_name="leopard", kingdom="plantae") == []
    assert await names(client, q="panthera", rank="genus", kingdom="ANIMALIA") == ["Panthera"]


async def test_q_looks_at_every_name_of_a_taxon(client: httpx.AsyncClient) -> None:
    assert "Ursus maritimus" in await names(client, q="polar bear")
    assert "Ursus maritimus" in await names(client, q="sus marit")


async def test_synonyms_are_not_offered(client: httpx.AsyncClient) -> None:
    assert await names(client, genus="Felis", species="concolor") == []


@pytest.mark.parametrize(
    ("limit", "count"), [("", 20), ("3", 3), ("3.0", 3), ("0", 1), ("-5", 1), ("999", 100), ("many", 20), ("nan", 20)]
)
async def test_the_limit_is_clamped(client: httpx.AsyncClient, limit: str, count: int) -> None:
    assert len(await names(client, q="a", limit=limit)) == count


@pytest.mark.parametrize("query", ["", "?genus=&species=%20", "?kingdom=Animalia", "?limit=5"])
async def test_a_search_needs_a_name(client: httpx.AsyncClient, query: str) -> None:
    answer = await client.get(SEARCH + query)
    text = "At least one search parameter is required (q, genus, species, or common_name)"
    assert (answer.status_code, answer.json()) == (400, {"error": text, "detail": text})


@pytest.mark.parametrize("text", ["%", "_", "\\", "zzzzqqq"])
async def test_wildcards_mean_themselves(client: httpx.AsyncClient, text: str) -> None:
    assert await names(client, q=text) == []


async def test_a_taxon_is_shown_with_its_source_and_hierarchy(client: httpx.AsyncClient) -> None:
    [bear] = await search(client, genus="Ursus", species="maritimus")
    shown = (await client.get(f"{TAXONOMY}{bear['id']}/")).json()
    assert shown["source"]["short_code"] == "backbone"
    assert shown["rank"] == {"name": "species", "level": 70, "plural": "species"}
    assert (shown["species"], shown["subspecies"], shown["extinct"]) == ("Ursus maritimus", "", None)
    assert shown["full_hierarchy"]["class"] == "Mammalia"
    assert [item["threat_status"] for item in shown["distributions"]] == ["VU"]
    source = (await client.get(f"/api/v1/sources/{shown['source']['id']}/")).json()
    assert source == shown["source"]
    assert (await client.get("/api/v1/sources/")).json()["results"] == [source]


async def test_a_lineage_goes_from_the_root_to_the_taxon(client: httpx.AsyncClient) -> None:
    [bear] = await search(client, genus="Ursus", species="maritimus")
    lineage = (await client.get(f"{TAXONOMY}{bear['id']}/lineage/")).json()
    found = [taxon["scientific_name"] for taxon in lineage["results"]]
    assert (found[0], found[-3:]) == ("Animalia", ["Ursidae", "Ursus", "Ursus maritimus"])
    assert lineage["count"] == len(found)


async def test_children_are_the_next_or_all_below(client: httpx.AsyncClient) -> None:
    family = next(taxon for taxon in await search(client, q="Ursidae") if taxon["rank_name"] == "family")
    direct = (await client.get(f"{TAXONOMY}{family['id']}/children/?direct=true")).json()
    every = (await client.get(f"{TAXONOMY}{family['id']}/children/?direct=false")).json()
    assert (direct["direct_only"], every["direct_only"]) == (True, False)
    assert {taxon["rank_name"] for taxon in direct["results"]} == {"genus"}
    assert "Ursus maritimus" in [taxon["scientific_name"] for taxon in every["results"]]


@pytest.mark.parametrize("path", ["", "lineage/", "children/"])
async def test_unknown_taxa_are_not_found(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(f"{TAXONOMY}{uuid4()}/{path}")
    assert (answer.status_code, answer.json()) == (404, {"detail": "Not found."})


async def test_all_taxa_are_listed_by_name(client: httpx.AsyncClient) -> None:
    page = (await client.get(TAXONOMY)).json()
    found = [taxon["scientific_name"] for taxon in page["results"]]
    assert (len(found), found) == (50, sorted(found))
    stats = (await client.get(TAXONOMY + "stats/")).json()
    assert (stats["total_taxa"], stats["kingdoms"], stats["sources"]) == (page["count"], 1, 1)
    assert min(stats["species"], stats["genera"], stats["families"]) > 1000


async def test_the_pages_of_all_taxa_follow_each_other(client: httpx.AsyncClient) -> None:
    first = (await client.get(TAXONOMY)).json()
    assert (first["previous"], first["next"]) == (None, "http://testserver/api/v1/taxonomy/?page=2")
    second = (await client.get(first["next"])).json()
    assert second["results"][0]["scientific_name"] > first["results"][-1]["scientific_name"]
    last = -(-first["count"] // 50)
    end = (await client.get(TAXONOMY, params={"page": last})).json()
    assert (end["next"], len(end["results"])) == (None, first["count"] - 50 * (last - 1))
    for page in (str(last + 1), "0", "x"):
        answer = await client.get(TAXONOMY, params={"page": page})
        assert (answer.status_code, answer.json()) == (404, {"detail": "Invalid page."})


@pytest.mark.parametrize(
    ("claim", "valid", "accepted"),
    [
        ({"scientific_name": "Panthera leo"}, True, "Panthera leo"),
        ({"scientific_name": "Felis concolor", "confidence": 0.5}, True, "Puma concolor"),
        ({"scientific_name": "Foo bar", "common_name": "wolf"}, False, None),
        ({"scientific_name": "a wolf"}, False, None),
        ({"scientific_name": "a wolf", "common_name": "gray wolf"}, True, "Canis lupus"),
    ],
)
async def test_names_are_validated_and_nothing_is_made(
    client: httpx.AsyncClient, claim: dict[str, Any], valid: bool, accepted: str | None
) -> None:
    verdict = (await client.post(TAXONOMY + "validate/", json=claim)).json()
    assert (verdict["valid"], verdict["created"]) == (valid, False)
    assert verdict.get("taxonomy", {}).get("scientific_name") == accepted
    assert (await client.get("/api/v1/animals/")).json()["count"] == 0
