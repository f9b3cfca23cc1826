"""The fields that `calls.yaml` declares are those that the code reads: with them it works, without any of them not."""

import io
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
from fastapi import UploadFile
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from deploy.compatibility.operations import key
from deploy.compatibility.sides import PUBLISHED, kept_in
from libs.common.auth import Player
from libs.common.calls import Peers
from libs.common.testing import Applications
from services.dex import lookups
from services.social import people
from services.users import avatars
from tests.mixed.played import Neighbor, playing

CALLS = {service: told["calls"]["calls"] for service, told in kept_in(PUBLISHED).items()}
ME = Player(uuid4(), is_staff=False, is_superuser=False, token="of-nobody")
JOB = {"status": "completed", "user_id": str(ME.id)}
NOT_CONVERTED = {**JOB, "picture": None}

Question = Callable[[AsyncSession, Peers], Awaitable[object]]


def a_photo() -> UploadFile:
    return UploadFile(io.BytesIO(b"a photo"))


QUESTIONS: dict[tuple[str, str], tuple[Question, dict[str, object]]] = {
    ("social", "GET /internal/users/{}/"): (
        lambda session, peers: people.person_by_id(session, peers, ME, uuid4()),
        {},
    ),
    ("social", "GET /internal/users/by-friend-code/{}/"): (
        lambda session, peers: people.person_by_code(session, peers, ME, uuid4().hex[:8].upper()),
        {},
    ),
    ("dex", "GET /api/v1/animals/{}/"): (
        lambda session, peers: lookups.meet_animal(session, peers, ME, uuid4()),
        {"conservation_status": "LC"},
    ),
    ("dex", "GET /internal/jobs/{}/"): (
        lambda session, peers: lookups.usable_picture(session, peers, ME, uuid4()),
        JOB,
    ),
    ("dex", "POST /internal/jobs/{}/picture/"): (
        lambda session, peers: lookups.usable_picture(session, peers, ME, uuid4()),
        NOT_CONVERTED,
    ),
    ("dex", "POST /internal/pictures/"): (lambda _, peers: lookups.as_stored_picture(peers, ME, a_photo()), {}),
    ("dex", "GET /internal/users/{}/"): (
        lambda session, peers: lookups.user_exists(session, peers, ME, uuid4()),
        {},
    ),
    ("users", "POST /internal/avatars/{}/"): (
        lambda _, peers: avatars.make_avatar(peers, ME, ME.id, a_photo()),
        {},
    ),
}
"""By who asks what: the code that asks, and the values that it needs to go on."""

DOES_WITHOUT = {("dex", "GET /api/v1/animals/{}/", "created_by")}
"""Read if it is there."""


@asynccontextmanager
async def asking(
    service: str, applications: Applications, neighbor: Neighbor
) -> AsyncIterator[tuple[AsyncSession, Peers]]:
    app = await applications.get(service, f"services.{service}.app")
    peers = Peers(dict.fromkeys(("users", "animals", "vision"), neighbor.url))
    try:
        async with app.state.service.db.engine.connect() as connection, AsyncSession(connection) as session:
            yield session, peers
    finally:
        await peers.close()


def _call(service: str, operation: str) -> dict[str, object]:
    found: dict[str, object] = next(call for call in CALLS[service] if key(call["operation"]) == operation)
    return found


@pytest.mark.parametrize(("service", "operation"), QUESTIONS)
async def test_what_is_declared_is_what_is_read(service: str, operation: str, applications: Applications) -> None:
    ask, values = QUESTIONS[service, operation]
    call = _call(service, operation)
    [shape] = call["reads"].values()  # type: ignore[attr-defined]
    async with playing(CALLS[service]) as neighbor, asking(service, applications, neighbor) as (session, peers):
        neighbor.fixed = values
        await ask(session, peers)
        assert operation in neighbor.asked
        assert neighbor.sent == [name for body in call["sends"].values() for name in body["properties"]]  # type: ignore[attr-defined]
        for name in shape["properties"] if shape else ():
            if (service, operation, name) not in DOES_WITHOUT:
                neighbor.without = (operation, name)
                with pytest.raises((KeyError, ValidationError)):
                    await ask(session, peers)


def test_every_declared_call_is_tried() -> None:
    declared = {
        (service, key(call["operation"])) for service, calls in CALLS.items() for call in calls if call["token"]
    }
    assert declared == set(QUESTIONS)
