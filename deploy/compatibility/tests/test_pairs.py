"""Two versions of two services: today's published ones, and what somebody might have made of them."""

from copy import deepcopy
from typing import Any

import pytest

from deploy.compatibility.pairs import PLAYERS, Finding, Version, between
from deploy.compatibility.sides import PUBLISHED, kept_in

NOW = kept_in(PUBLISHED)
ENTRY = "/api/v1/dex/entries/{entry_id}/"
KNOWN_USER = "/internal/users/{id}/"


def old(service: str) -> Version:
    """Players are those of dex."""
    return Version(service, "released", NOW["dex" if service == PLAYERS else service], 0)


class Changed:
    """A copy of a service that may be changed: the newer one."""

    def __init__(self, service: str) -> None:
        self.told: dict[str, Any] = deepcopy(NOW[service])
        self.version = Version(service, "code", self.told, 1)

    def operation(self, path: str, method: str = "get") -> Any:
        return self.told["openapi"]["paths"][path][method]

    def schema(self, name: str) -> Any:
        return self.told["openapi"]["components"]["schemas"][name]

    def answer(self, path: str, status: str = "200") -> Any:
        said = self.operation(path)["responses"][status]["content"]["application/json"]["schema"]
        return self.schema(said["$ref"].rpartition("/")[2])


def problems(found: list[Finding]) -> list[str]:
    return [f"{finding.asking} > {finding.answering}: {finding.about} {finding.problem}" for finding in found]


@pytest.mark.parametrize("service", [name for name in NOW if name != "dex"])
def test_what_is_published_goes_together(service: str) -> None:
    assert between(old(service), Changed("dex").version) == []


def test_a_private_operation_that_somebody_asks_is_gone() -> None:
    users = Changed("users")
    del users.told["openapi"]["paths"][KNOWN_USER]
    gone = f"GET {KNOWN_USER} is not there"
    assert problems(between(old("dex"), users.version)) == [f"dex@released > users@code: {gone}"]
    assert problems(between(users.version, old("social"))) == [f"social@released > users@code: {gone}"]
    assert between(old("graph"), users.version) == []


def test_a_field_that_somebody_reads_is_gone() -> None:
    users = Changed("users")
    shape = users.answer(KNOWN_USER)
    shape["properties"].pop("friend_code")
    shape["required"].remove("friend_code")
    assert [finding.problem for finding in between(old("social"), users.version)] == [
        "answer 200: friend_code is missing",
        "answer 200: friend_code is missing",
    ]
    # Dex asks as well, but only whether there is anybody.
    assert between(old("dex"), users.version) == []


def test_a_field_that_somebody_reads_may_be_null_now() -> None:
    animals = Changed("animals")
    name = animals.answer("/api/v1/animals/{animal_id}/")["properties"]
    name["scientific_name"] = {"anyOf": [{"type": "string"}, {"type": "null"}]}
    [found] = between(old("dex"), animals.version)
    assert found.problem == "answer 200: scientific_name may be null"


def test_another_status_says_that_it_worked() -> None:
    vision = Changed("vision")
    answers = vision.operation("/internal/pictures/", "post")["responses"]
    answers["202"] = answers.pop("201")
    [found] = between(old("dex"), vision.version)
    assert (found.about, found.problem) == ("POST /internal/pictures/", "answers 202 instead of 201")


def test_a_request_needs_more_than_was_ever_sent() -> None:
    vision = Changed("vision")
    upload = vision.schema("PictureUpload")
    upload["properties"]["license"] = {"type": "string"}
    upload["required"] = ["image", "license"]
    assert {finding.problem for finding in between(old("users"), vision.version)} == {"request: license is missing"}


def test_a_newer_caller_waits_for_the_service_that_it_asks() -> None:
    dex = Changed("dex")
    dex.told["calls"]["calls"].append(
        {"service": "users", "operation": "GET /internal/users/{id}/age/", "token": True, "sends": {}, "reads": {}}
    )
    [found] = between(dex.version, old("users"))
    assert (found.problem, found.first) == ("is not there", "users")


def test_players_rely_on_every_public_field() -> None:
    dex = Changed("dex")
    shape = dex.answer(ENTRY)
    name = next(iter(shape["properties"]))
    shape["properties"].pop(name)
    found = between(old(PLAYERS), dex.version)
    assert f"answer 200: {name} is missing" in [finding.problem for finding in found]
    assert all(finding.first is None for finding in found)


def test_players_are_asked_for_what_they_do_not_know() -> None:
    dex = Changed("dex")
    listing = dex.operation("/api/v1/dex/entries/")
    listing["parameters"] = [
        *listing.get("parameters", []),
        {"in": "query", "name": "season", "required": True, "schema": {"type": "string"}},
    ]
    assert [finding.problem for finding in between(old(PLAYERS), dex.version)] == ["needs query season now"]


def test_players_do_not_know_private_operations() -> None:
    dex = Changed("dex")
    del dex.told["openapi"]["paths"]["/metrics/"]
    assert between(old(PLAYERS), dex.version) == []
    assert problems(between(old("gateway"), dex.version)) == ["gateway@released > dex@code: GET /metrics/ is not there"]


def test_an_event_lacks_what_its_reader_needs() -> None:
    dex = Changed("dex")
    told = dex.told["events"]["publishes"]["dex.created"]
    told["properties"].pop("visibility")
    told["required"].remove("visibility")
    assert "graph@released > dex@code: dex.created visibility is missing" in problems(
        between(old("graph"), dex.version)
    )


def test_a_newer_reader_cannot_read_the_log() -> None:
    graph = Changed("graph")
    read = graph.told["events"]["reads"]["dex"]["dex.created"]
    read["properties"]["weather"] = {"type": "string"}
    read["required"].append("weather")
    [found] = between(graph.version, old("dex"))
    assert (found.problem, found.first) == ("weather is missing", None)


def test_an_event_is_not_told_any_more_or_not_yet() -> None:
    dex, graph = Changed("dex"), Changed("graph")
    del dex.told["events"]["publishes"]["dex.deleted"]
    assert "graph@released > dex@code: dex.deleted is not told any more" in problems(between(old("graph"), dex.version))
    graph.told["events"]["reads"]["dex"]["dex.praised"] = {"type": "object", "properties": {}}
    assert between(graph.version, old("dex")) == []


def test_who_has_left_is_heard_by_everybody() -> None:
    users = Changed("users")
    told = users.told["events"]["publishes"]["user.updated"]
    told["properties"].pop("is_active")
    assert "gateway@released > users@code: user.updated is_active is missing" in problems(
        between(old("gateway"), users.version)
    )


def test_the_gateway_leads_there() -> None:
    dex, gateway = Changed("dex"), Changed("gateway")
    paths = dex.told["openapi"]["paths"]
    paths["/api/v1/herbarium/"] = deepcopy(paths["/api/v1/dex/entries/"])
    assert {finding.first for finding in between(old("gateway"), dex.version)} == {"gateway"}
    del gateway.told["calls"]["forwards"]["/api/v1/dex/"]
    assert "gateway@code > dex@released: GET /api/v1/dex/entries/ no prefix of the gateway leads there" in problems(
        between(gateway.version, old("dex"))
    )


def test_a_path_that_the_gateway_knows_by_name_has_gone() -> None:
    dex = Changed("dex")
    del dex.told["openapi"]["paths"]["/api/v1/dex/entries/batch_sync/"]
    assert problems(between(old("gateway"), dex.version)) == [
        "gateway@released > dex@code: POST /api/v1/dex/entries/batch_sync/ is not there"
    ]
