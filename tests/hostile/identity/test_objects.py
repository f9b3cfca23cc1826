"""Hardening 2E 118–129: the matrix of viewers leaves no route out, and what is hidden is not there, to the letter."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
import yaml

from deploy.local.player import Player
from tests.answers import Ask, Json, body_of
from tests.contract.circle import Circle
from tests.contract.test_viewer_matrix import MATRIX, ROLES, Made, body_for, fresh, ids  # noqa: F401 - fixtures, too
from tests.mesh import Mesh

ID_NAMES = re.compile(r"(.*_)?ids?|animal|source_vision_job|sync_requests")
NO_IDS = {"x", "y"}
IN_BODIES = {
    ("POST", "/dex/entries/", "animal"): "animals are everybody's",
    ("PUT", "/dex/entries/{}/", "animal"): "animals are everybody's",
    ("PATCH", "/dex/entries/{}/", "animal"): "animals are everybody's",
    ("POST", "/vision/jobs/{}/select_animal/", "animal_id"): "animals are everybody's",
    ("POST", "/dex/entries/", "source_vision_job"): "test_somebody_elses_job_is_no_source",
    ("POST", "/vision/jobs/", "conversion_id"): "test_somebody_elses_conversion_is_none",
    ("POST", "/dex/entries/batch_sync/", "sync_requests"): "tests/contract/test_D15_batch_sync.py",
    ("POST", "/social/friendships/", "user_id"): "tests/contract/test_S5_send_request.py",
    ("POST", "/social/friendships/send_request/", "user_id"): "tests/contract/test_S5_send_request.py",
}
"""Ids in bodies, and why or where they are looked at."""


def bearing(document: Json) -> Iterator[tuple[str, str, str]]:
    """Every operation of the API that takes an id: method, path with its parameters as `{}`, and the id's name."""
    for path, methods in document["paths"].items():
        if not path.startswith("/api/v1/"):
            continue
        for method, told in methods.items():
            shape = re.sub(r"{\w+}", "{}", path.removeprefix("/api/v1"))
            for each in told.get("parameters", ()):
                if each["in"] == "path" and each["name"] not in NO_IDS:
                    yield method.upper(), shape, "path"
                elif each["in"] == "query" and ID_NAMES.fullmatch(each["name"]):
                    yield method.upper(), shape, each["name"]
            for content in told.get("requestBody", {}).get("content", {}).values():
                for name in _properties(document, content["schema"]):
                    if ID_NAMES.fullmatch(name):
                        yield method.upper(), shape, name


def _properties(document: Json, schema: Json) -> Json:
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    found: Json = schema.get("properties", {})
    return found


def looked_at() -> Iterator[tuple[str, str, str]]:
    """What the rows of the matrix ask, in the same form."""
    for method, path, _ in MATRIX:
        address, _, query = path.partition("?")
        shape = re.sub(r"{\w+}|(?<=/chunk/)\d+|(?<=/chunk/0/)\d+", "{}", address)
        if re.search(r"{\w+}", address):
            yield method, shape, "path"
        for part in query.split("&"):
            name, _, value = part.partition("=")
            if value.startswith("{"):
                yield method, shape, name


async def test_every_route_that_takes_an_id_is_in_the_matrix(mesh: Mesh) -> None:
    """A new one fails this test until its row says who gets what."""
    document = yaml.safe_load(httpx.get(f"{mesh.url}/api/schema/").text)
    there = set(bearing(document))
    assert len(there) > 40
    assert there - set(looked_at()) - set(IN_BODIES) == set()
    assert set(IN_BODIES) - there == set(), "an id that no route takes any more"


def comparable(answer: httpx.Response) -> tuple[int, bytes, dict[str, str]]:
    """All of an answer but what names this one request."""
    own = {"date", "x-request-id", "traceparent"}
    return answer.status_code, answer.content, {k: v for k, v in answer.headers.items() if k not in own}


HIDDEN = [row for row in MATRIX if 404 in row[2] and "{" in row[1]]


@pytest.mark.parametrize(("method", "path", "expected"), HIDDEN, ids=[f"{row[0]} {row[1]}" for row in HIDDEN])
async def test_129_hidden_and_not_there_are_one_answer(
    ask: Ask,
    circle: Circle,
    ids: dict[str, str],  # noqa: F811 - the fixture
    fresh: dict[str, Made],  # noqa: F811 - the fixture
    method: str,
    path: str,
    expected: tuple[int, ...],
) -> None:
    """Status, headers and every byte: for each who may not see it, as for an id that nobody has."""
    made = {name: await make() for name, make in fresh.items() if f"{{{name}}}" in path}
    body = body_for(method, path, await fresh["fresh_animal"]())
    nowhere = re.sub(r"{\w+}", lambda _: str(uuid4()), path)
    for role, status in zip(ROLES, expected, strict=True):
        if status == 404:
            player = circle.player(role)
            hidden = await ask(player, method, path.format(**ids, **made), json=body)
            assert comparable(hidden) == comparable(await ask(player, method, nowhere, json=body)), role


async def test_somebody_elses_job_is_no_source(ask: Ask, circle: Circle, koala_job: Json) -> None:
    """120: neither is it one that nobody has, and the two are told in the same words."""
    animal = circle.animals["public"]["id"]
    for role in ("friend", "ex_friend", "blocked", "stranger"):
        player = circle.player(role)

        async def entry(job: str, player: Player | None = player) -> tuple[int, bytes, dict[str, str]]:
            body = {"animal": animal, "source_vision_job": job}
            return comparable(await ask(player, "POST", "/dex/entries/", json=body))

        hidden, nobodys = await entry(koala_job["id"]), await entry(str(uuid4()))
        assert hidden[0] == 400, role
        assert without_ids(hidden) == without_ids(nobodys), role


async def test_somebody_elses_conversion_is_none(ask: Ask, circle: Circle, ids: dict[str, str]) -> None:  # noqa: F811
    """121: nor does it become a job of whoever knows its id."""
    for role in ("friend", "ex_friend", "blocked", "stranger", "staff"):
        player = circle.player(role)

        async def job(conversion: str, player: Player | None = player) -> tuple[int, bytes, dict[str, str]]:
            return comparable(await ask(player, "POST", "/vision/jobs/", json={"conversion_id": conversion}))

        hidden, nobodys = await job(ids["conversion"]), await job(str(uuid4()))
        assert hidden[0] in (400, 404), role
        assert without_ids(hidden) == without_ids(nobodys), role


UUID_IN_TEXT = re.compile(rb"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def without_ids(answer: tuple[int, bytes, dict[str, str]]) -> tuple[int, bytes, dict[str, str]]:
    """An answer may repeat the id that was sent."""
    return answer[0], UUID_IN_TEXT.sub(b"id", answer[1]), answer[2]


async def test_126_an_answer_of_the_tree_is_nobody_elses(ask: Ask, circle: Circle) -> None:
    """What one viewer's cache holds is not served to another, whatever they ask; nor by the other's ETag."""
    secret = circle.animals["private"]["scientific_name"]
    paths = ("/graph/tree/?mode=personal", "/graph/tree/?mode=friends", f"/graph/tree/search/?q={secret.split()[1]}")
    for path in paths:
        own = await ask(circle.owner, "GET", path)
        tag = own.headers.get("etag", '"x"')
        for role in ("friend", "ex_friend", "blocked", "stranger", "staff"):
            answer = await ask(circle.player(role), "GET", path, headers={"If-None-Match": tag})
            assert answer.status_code == 200, (role, path)
            assert secret not in answer.text, (role, path)
            assert circle.entries["private"]["id"] not in answer.text, (role, path)
    assert secret in (await ask(circle.owner, "GET", paths[0])).text


async def test_127_nobody_syncs_as_somebody_else_by_a_parameter(ask: Ask, circle: Circle) -> None:
    """Whatever is added to the address of one's own sync, it stays one's own."""
    plain = body_of(await ask(circle.stranger, "GET", "/dex/entries/sync_entries/"))
    for name in ("user_id", "user", "owner", "owner_id", "id", "friend_id"):
        path = f"/dex/entries/sync_entries/?{name}={circle.owner.id}"
        found = body_of(await ask(circle.stranger, "GET", path))
        assert found["entries"] == plain["entries"]


async def test_128_a_player_is_a_name_and_a_picture_to_others(ask: Ask, circle: Circle) -> None:
    """No answer that speaks of others holds their addresses, badges or flags."""
    telling: list[tuple[str, str, Any]] = [
        ("GET", "/social/friendships/friends/", None),
        ("GET", "/social/friendships/", None),
        ("GET", f"/social/friendships/{circle.friendship['id']}/", None),
        ("GET", "/dex/entries/friends_overview/", None),
        ("GET", f"/dex/entries/user/{circle.owner.id}/entries/", None),
        ("GET", "/graph/tree/?mode=friends", None),
        ("GET", "/graph/tree/friends/", None),
        ("GET", f"/dex/entries/{circle.entries['friends']['id']}/", None),
        ("POST", "/users/lookup_friend_code/", {"friend_code": circle.owner.friend_code}),
        ("GET", f"/animals/{circle.animals['private']['id']}/", None),
    ]
    for method, path, body in telling:
        answer = await ask(circle.friend, method, path, json=body)
        assert answer.status_code == 200, path
        for secret in (f"{circle.owner.name}@", '"email"', '"is_staff"', '"badges"', '"is_superuser"', "password"):
            assert secret not in answer.text, (path, secret)
