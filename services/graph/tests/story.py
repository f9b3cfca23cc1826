"""Players, animals and captures for the tests, told as the events that the other services would send."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from libs.common.db import Database
from libs.contracts.animals import AnimalCreated
from libs.contracts.dex import DexCreated, Visibility
from libs.contracts.event import Event, Picture
from libs.contracts.social import FriendshipUpdated, Status
from libs.contracts.users import UserRegistered
from services.graph.captures import caught_animals, read_captures
from services.graph.caught import CaughtAnimal
from services.graph.circle import circle_of
from services.graph.handlers import grow_trees
from services.graph.scope import Mode, Scope, Wish, scope_of

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PICTURE = Picture(url="http://testserver/media/a.png", sha256="0" * 64, width=1, height=1, created_at=NOON)

DOG = ("Animalia", "Chordata", "Mammalia", "Carnivora", "Canidae", "Canis", "familiaris")
WOLF = ("Animalia", "Chordata", "Mammalia", "Carnivora", "Canidae", "Canis", "lupus")
LION = ("Animalia", "Chordata", "Mammalia", "Carnivora", "Felidae", "Panthera", "leo")

numbers = count(1)


def player(name: str, *, version: int = 1, id: UUID | None = None, is_superuser: bool = False) -> UserRegistered:
    """A registration."""
    return UserRegistered(
        id=id or uuid4(),
        version=version,
        username=name,
        friend_code=f"{name.upper()[:8]:0<8}",
        avatar=None,
        is_staff=is_superuser,
        is_superuser=is_superuser,
        is_active=True,
        created_at=NOON,
    )


def animal(
    lineage: tuple[str, ...] = WOLF,
    *,
    index: int | None = None,
    common_name: str = "",
    version: int = 1,
    id: UUID | None = None,
    created_by: UUID | None = None,
) -> AnimalCreated:
    """A new species in the registry."""
    kingdom, phylum, class_name, order, family, genus, species = lineage
    name = f"{genus} {species}".strip()
    return AnimalCreated(
        id=id or uuid4(),
        version=version,
        scientific_name=name,
        common_name=common_name or name,
        kingdom=kingdom,
        phylum=phylum,
        class_name=class_name,
        order=order,
        family=family,
        genus=genus,
        species=species,
        conservation_status="LC",
        creation_index=index if index is not None else next(numbers),
        verified=True,
        created_by=created_by,
        created_at=NOON,
    )


def capture(
    owner: Event,
    animal: Event,
    visibility: Visibility = "friends",
    *,
    days: float = 0,
    version: int = 1,
    id: UUID | None = None,
) -> DexCreated:
    """A dex entry, caught `days` after noon."""
    return DexCreated(
        id=id or uuid4(),
        version=version,
        owner_id=owner.id,
        animal_id=animal.id,
        visibility=visibility,
        picture=PICTURE,
        catch_date=NOON + timedelta(days=days),
        created_at=NOON,
        updated_at=NOON,
        source_vision_job=None,
    )


def friendship(
    one: Event, other: Event, status: Status = "accepted", *, version: int = 1, id: UUID | None = None
) -> FriendshipUpdated:
    """What became of a request from one to the other."""
    return FriendshipUpdated(
        id=id or uuid4(),
        version=version,
        from_user=one.id,
        to_user=other.id,
        status=status,
        acting_user=other.id,
        created_at=NOON,
        updated_at=NOON,
    )


async def tell(db: Database, *events: Event) -> None:
    """Has the projector take the events, as one batch."""
    async with db.transaction() as session:
        await grow_trees(list(events), session)


def caught(lineage: tuple[str, ...], index: int, **values: object) -> CaughtAnimal:
    """An animal of a tree, for the pure parts."""
    name = f"{lineage[5]} {lineage[6]}".strip() or f"Animal {index}"
    known: dict[str, object] = {
        "id": UUID(int=index),
        "scientific_name": name,
        "common_name": name.lower(),
        "creation_index": index,
        "lineage": lineage,
        "conservation_status": "NE",
        "verified": False,
        "discoverer": None,
        "own_captures": 1,
        "captures": 1,
        "captors": (),
        "friend_captures": 0,
    }
    return CaughtAnimal(**{**known, **values})  # type: ignore[arg-type]


def again(event: Event, kind: type[Event] | None = None, /, version: int = 2, **changes: Any) -> Event:
    """The same record later, as its next event."""
    return (kind or type(event)).model_validate({**event.model_dump(), "version": version, **changes})


async def seen_by(db: Database, viewer: Event, mode: Mode = "friends") -> tuple[Scope, list[CaughtAnimal]]:
    """What a viewer's tree is made from."""
    async with db.reading() as session:
        scope = scope_of(Wish(mode), await circle_of(session, viewer.id))
        return scope, caught_animals(await read_captures(session, scope), scope)


async def key_of(db: Database, viewer: Event, mode: Mode = "friends") -> str:
    """The key of a viewer's tree."""
    scope, _ = await seen_by(db, viewer, mode)
    return scope.key


async def names_seen(db: Database, viewer: Event, mode: Mode = "friends") -> list[str]:
    """The scientific names in a viewer's tree."""
    _, animals = await seen_by(db, viewer, mode)
    return [found.scientific_name for found in animals]
