"""Reads what the people of a scope caught: two statements, however many captures there are."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, case, func, null, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.graph.caught import Captor, CaughtAnimal, Discoverer
from services.graph.models import Capture, RefAnimal, RefUser
from services.graph.scope import Scope
from services.graph.visibility import among, in_scope


@dataclass(frozen=True, slots=True)
class Tally:
    """The captures of one animal by one user; by all strangers together where `owner` is None."""

    animal_id: UUID
    owner: UUID | None
    count: int
    earliest: datetime


@dataclass(frozen=True, slots=True)
class Reading:
    """What the two statements found."""

    animals: Sequence[Row[Any]]
    tallies: Sequence[Tally]


async def read_captures(session: AsyncSession, scope: Scope) -> Reading:
    """The animals that the scope shows, by creation_index, and who caught them how often.

    An animal that was caught before this service has heard of it is left out until it has.
    """
    tallies = await _tallies(session, scope)
    discoverer = aliased(RefUser)
    rows = await session.execute(
        select(
            RefAnimal.id,
            RefAnimal.scientific_name,
            RefAnimal.common_name,
            RefAnimal.creation_index,
            RefAnimal.kingdom,
            RefAnimal.phylum,
            RefAnimal.class_name,
            RefAnimal.order,
            RefAnimal.family,
            RefAnimal.genus,
            RefAnimal.species,
            RefAnimal.conservation_status,
            RefAnimal.verified,
            discoverer.id.label("discoverer_id"),
            discoverer.username.label("discoverer_name"),
        )
        .outerjoin(discoverer, (discoverer.id == RefAnimal.created_by) & discoverer.deleted_at.is_(None))
        .where(among(RefAnimal.id, {tally.animal_id for tally in tallies}), RefAnimal.deleted_at.is_(None))
        .order_by(RefAnimal.creation_index, RefAnimal.id)
    )
    return Reading([*rows], tallies)


def caught_animals(reading: Reading, scope: Scope) -> list[CaughtAnimal]:
    """The reading as a list of animals; pure computing, apart from the statements so that a thread can do it."""
    tallies: defaultdict[UUID, list[Tally]] = defaultdict(list)
    for tally in reading.tallies:
        tallies[tally.animal_id].append(tally)
    return [_caught(row, tallies[row.id], scope) for row in reading.animals]


async def _tallies(session: AsyncSession, scope: Scope) -> Sequence[Tally]:
    owner = case((among(Capture.owner_id, scope.members), Capture.owner_id), else_=null()).label("owner")
    statement = (
        select(Capture.animal_id, owner, func.count(), func.min(Capture.catch_date))
        .where(in_scope(scope))
        .group_by(Capture.animal_id, owner)
    )
    return [Tally(*row) for row in await session.execute(statement)]


def _caught(row: Row[Any], tallies: Sequence[Tally], scope: Scope) -> CaughtAnimal:
    own = friend_captures = 0
    captors = []
    for tally in tallies:
        if tally.owner == scope.viewer:
            own = tally.count
        elif tally.owner is not None:
            friend_captures += tally.count
            captors.append(Captor(tally.owner, scope.friends[tally.owner].username, tally.earliest))
    captors.sort(key=lambda captor: (captor.captured_at, captor.user_id))
    return CaughtAnimal(
        id=row.id,
        scientific_name=row.scientific_name,
        common_name=row.common_name,
        creation_index=row.creation_index,
        lineage=(row.kingdom, row.phylum, row.class_name, row.order, row.family, row.genus, row.species),
        conservation_status=row.conservation_status,
        verified=row.verified,
        discoverer=Discoverer(row.discoverer_id, row.discoverer_name) if row.discoverer_id else None,
        own_captures=own,
        captures=sum(tally.count for tally in tallies),
        captors=captors,
        friend_captures=friend_captures,
    )
