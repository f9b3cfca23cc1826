"""O5: the merged API document keeps its word, as a player, as a stranger to that player and as nobody."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

import httpx
import pytest
import requests
import schemathesis
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import SearchStrategy, one_of
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from deploy.local.player import Player
from tests.answers import Ask
from tests.contract.captures import befriended, looked_at, new_animal, new_picture
from tests.contract.test_I1_convert import convert
from tests.mesh import Mesh

CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    allow_header_conformance,
]
"""Left out, because they ask for what the contract forbids: it takes floats for integers, ignores what it does not know
and refuses what is well-formed but nowhere to be found."""

NOT_ASKED: Final = {"DELETE /api/v1/users/me/", "DELETE /api/v1/users/{id}/"}
"""Whoever deletes themselves cannot go on asking; U4 and U9 have their own tests."""

EXAMPLES: Final = settings(
    max_examples=6,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@dataclass(frozen=True)
class Cast:
    player: Player
    stranger: Player
    ids: dict[str, str]
    """The player's own things, by the names that path parameters have in the document."""
    nobody: None = None


@pytest.fixture(scope="module")
async def cast(mesh: Mesh, ask: Ask) -> AsyncIterator[Cast]:
    async with AsyncExitStack() as stack:

        async def signed_up(name: str) -> Player:
            player = await stack.enter_async_context(Player(mesh.url, f"{name}-{uuid4().hex[:8]}"))
            await player.sign_up()
            return player

        player, friend, stranger = await signed_up("pia"), await signed_up("fay"), await signed_up("stan")
        friendship = await befriended(ask, friend, player)
        job, animal = await looked_at(ask, player), await new_animal(ask, player)
        entry = await player.catch(job, animal["id"])
        ids = {
            "animal_id": animal["id"],
            "conversion_id": (await convert(ask, player, new_picture()))["id"],
            "entry_id": entry["id"],
            "friendship_id": friendship["id"],
            "id": player.id,
            "job_id": job["id"],
            "user_id": player.id,
        }
        yield Cast(player, stranger, ids)


@pytest.fixture(scope="module")
def operations(mesh: Mesh) -> list[Any]:
    """All that the document lists, as it is served."""
    document = schemathesis.openapi.from_dict(yaml.safe_load(httpx.get(f"{mesh.url}/api/schema/").text))
    document.config.update(base_url=mesh.url)
    found = [result.ok() for result in document.get_all_operations()]
    assert len(found) > 80
    return [operation for operation in found if operation.label not in NOT_ASKED]


def cases_of(operation: Any, ids: dict[str, str]) -> SearchStrategy[Any]:
    """Well-formed requests, the same about the player's own things, and malformed ones."""
    kinds = [operation.as_strategy()]
    own = {parameter.name: ids[parameter.name] for parameter in operation.path_parameters if parameter.name in ids}
    if own:
        kinds.append(operation.as_strategy(path_parameters=own))
    if operation.body or operation.query or operation.path_parameters:
        kinds.append(operation.as_strategy(GenerationMode.NEGATIVE))
    return one_of(kinds)


@pytest.mark.parametrize("role", ["player", "stranger", "nobody"])
def test_the_document_keeps_its_word(subtests: pytest.Subtests, operations: list[Any], cast: Cast, role: str) -> None:
    viewer: Player | None = getattr(cast, role)
    headers = {} if viewer is None else {"Authorization": viewer.authorization}
    with requests.Session() as session:
        for operation in operations:

            @EXAMPLES
            @given(case=cases_of(operation, cast.ids))
            def keeps_its_word(case: Any) -> None:
                case.call_and_validate(session=session, headers=headers, checks=CHECKS)

            with subtests.test(operation.label):
                keeps_its_word()


METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")


def test_methods_are_those_of_the_document(
    subtests: pytest.Subtests, mesh: Mesh, operations: list[Any], cast: Cast
) -> None:
    """G1: any other is 405, and `Allow` names all that there are, whoever asks for it."""
    documented: dict[str, set[str]] = {}
    for operation in operations:
        if operation.path.startswith("/api/v1/"):
            documented.setdefault(operation.path, set()).add(operation.method.upper())
    documented["/api/v1/users/me/"].add("DELETE")
    documented["/api/v1/users/{id}/"].add("DELETE")
    names = {**dict.fromkeys(("taxon_id", "source_id", "either_id"), str(uuid4())), "x": "0", "y": "0", **cast.ids}
    with httpx.Client(headers={"Authorization": cast.player.authorization}, base_url=mesh.url) as client:
        for path, methods in documented.items():
            with subtests.test(path):
                told = client.options(path.format(**names))
                assert told.status_code in (200, 204)
                assert _allowed(told) == methods
                for method in METHODS:
                    if method not in methods:
                        answer = client.request(method, path.format(**names))
                        assert (answer.status_code, method) == (405, method)
                        assert answer.json() == {"detail": f'Method "{method}" not allowed.'}
                        assert _allowed(answer) == methods


def _allowed(answer: httpx.Response) -> set[str]:
    return {method.strip() for method in answer.headers["allow"].split(",")} - {"HEAD", "OPTIONS"}
