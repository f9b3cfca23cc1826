"""What clients were told is held against what is there; each line of a history that is broken on purpose is found."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.db import Database
from libs.common.recovery.acknowledged import differences
from libs.common.recovery.audit import Asked, Audit, Present
from libs.common.recovery.history import History, Unreadable
from libs.common.recovery.ledger import Ledger
from libs.common.tests.conftest import Sighting

ADA, BEN = str(uuid4()), str(uuid4())
OWL, FOX = str(uuid4()), str(uuid4())

audit = Audit()


@audit.remembers("sighting", {"confirmed": {"version": 2}})
async def sightings(session: AsyncSession, asked: Asked) -> AsyncIterator[Present]:
    """All of them are Ada's here."""
    for row in await session.scalars(select(Sighting).order_by(Sighting.id)):
        yield Present(str(row.id), frozenset({ADA}), {"seen_as": row.seen_as, "version": row.version})


def line(at: float, kind: str, id: str = OWL, owner: str | None = ADA, **state: Any) -> dict[str, Any]:
    return {"at": at, "kind": kind, "id": id, "owner": owner, "state": state}


REGISTERED = line(1, "user.registered", ADA)
SEEN = line(2, "sighting.created", seen_as="owl")


def written(folder: Path, lines: list[dict[str, Any]]) -> History:
    file = folder / "history.jsonl"
    file.write_text("".join(json.dumps(each) + "\n" for each in lines))
    return History.read(file)


async def found(database: Database, folder: Path, *lines: dict[str, Any]) -> list[str]:
    async with database.transaction() as session:
        return [sentence async for _, sentence in differences(session, audit, written(folder, list(lines)))]


@pytest.fixture
async def owl(scratch: Database) -> Database:
    """One sighting, as an owl."""
    async with scratch.transaction() as session:
        session.add(Sighting(id=OWL, version=1, seen_as="owl"))
    return scratch


@pytest.mark.parametrize(
    "more",
    [
        [],
        [line(3, "sighting.updated", seen_as="hawk"), line(4, "sighting.updated", seen_as="owl")],
        [line(3, "sighting.updated?", seen_as="hawk")],
        [line(3, "sighting.updated", seen_as="hawk"), line(4, "sighting.updated?", seen_as="owl")],
        # A write without an answer that came through late, after one that was asked for a little later.
        [line(3, "sighting.updated?", seen_as="owl"), line(20, "sighting.updated", seen_as="hawk")],
        # Two at the same time: nobody knows which was the last.
        [{**line(5, "sighting.updated", seen_as="hawk"), "since": 1.5}],
        [line(3, "sighting.deleted?")],
        # Somebody else was never told that there is one.
        [line(3, "sighting.created?", id="a wish", seen_as="fox")],
        [line(3, "user.deleted", ADA), line(2, "sighting.created", id=FOX, seen_as="fox")],
        [line(3, "user.deleted?", ADA), line(2, "sighting.created", id=FOX, seen_as="fox")],
        [line(3, "sighting.deleted", id=FOX), line(2, "sighting.created", id=FOX, seen_as="fox")],
        [line(3, "sighting.updated?", id=FOX, seen_as="fox")],
    ],
)
async def test_what_may_be_is_in_order(owl: Database, tmp_path: Path, more: list[dict[str, Any]]) -> None:
    assert await found(owl, tmp_path, REGISTERED, SEEN, *more) == []


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ([line(3, "sighting.created", id=FOX, seen_as="fox")], f"{FOX} was acknowledged (created)"),
        ([line(3, "sighting.updated", seen_as="hawk")], "seen_as is 'owl', clients were told 'hawk'"),
        ([line(3, "sighting.updated?", seen_as="elk"), line(4, "sighting.updated", seen_as="hawk")], "told 'hawk'"),
        ([line(3, "sighting.updated?", seen_as="owl"), line(90, "sighting.updated", seen_as="hawk")], "told 'hawk'"),
        ([line(3, "sighting.confirmed")], "version is 1, clients were told 2"),
        ([line(3, "sighting.deleted")], "was deleted at"),
        ([line(3, "sighting.deleted"), line(4, "sighting.updated?", seen_as="owl")], "and is there"),
        ([line(3, "sighting.updated", owner=BEN, seen_as="owl")], f"was told to {BEN}, whose it is not"),
    ],
)
async def test_what_may_not_be_is_found(owl: Database, tmp_path: Path, more: list[dict[str, Any]], said: str) -> None:
    sentences = await found(owl, tmp_path, REGISTERED, SEEN, *more)
    assert [said in sentence for sentence in sentences] == [True]


async def test_a_record_that_nobody_asked_for_is_found(owl: Database, tmp_path: Path) -> None:
    """One unanswered wish leads to one record, not to two; of strangers nothing is said."""
    wish = line(3, "sighting.created?", id="a wish", seen_as="fox")
    async with owl.transaction() as session:
        session.add(Sighting(id=FOX, version=1, seen_as="fox"))
    assert await found(owl, tmp_path, REGISTERED, SEEN, wish) == []
    assert await found(owl, tmp_path, SEEN) == []
    (sentence,) = await found(owl, tmp_path, REGISTERED, SEEN)
    assert f"{FOX} of {ADA} was never asked for" in sentence

    async with owl.transaction() as session:
        session.add(Sighting(id=uuid4(), version=1, seen_as="fox"))
    assert len(await found(owl, tmp_path, REGISTERED, SEEN, wish)) == 1
    assert len(await found(owl, tmp_path, REGISTERED, SEEN, {**wish, "state": {"seen_as": "elk"}})) == 2


@pytest.mark.parametrize("text", ["{", "[]", '{"at": "noon", "kind": "a.b", "id": "1"}', '{"at": 1, "id": "1"}'])
def test_a_line_that_is_none_is_said_to_be(tmp_path: Path, text: str) -> None:
    file = tmp_path / "lines"
    file.write_text(f"\n{text}\n")
    with pytest.raises(Unreadable, match="line 2 of the history"):
        History.read(file)
    with pytest.raises(Unreadable, match="line 2 of the ledger"):
        Ledger.read(file)
