"""Lists of animals, each one cheap statement (contract A2, A6, A7)."""

from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.animals.models import Animal, RefEntry, RefUser
from services.animals.schemas.animals import AnimalListItem, PopularAnimal
from services.animals.wildcards import containing

SHOWN: Final = 20
SEARCHED: Final = (Animal.scientific_name, Animal.common_name, Animal.genus, Animal.species)
ORDERS: Final[dict[str, Any]] = {
    "creation_index": Animal.creation_index,
    "created_at": Animal.created_at,
    "scientific_name": Animal.scientific_name,
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which animals, and in which order; empty means all."""

    equal: dict[str, str | bool] = field(default_factory=dict)
    """Column → exact value."""
    search: str = ""
    ordering: str = ""


def list_animals(wanted: Wanted, *, with_names: bool) -> Select[Any]:
    """The query behind A2; discoverers are named only `with_names`."""
    query = _items(with_names=with_names)
    for column, value in wanted.equal.items():
        query = query.where(getattr(Animal, column) == value)
    for term in wanted.search.replace(",", " ").split():
        query = query.where(or_(*(column.ilike(containing(term)) for column in SEARCHED)))
    return query.order_by(*_order(wanted.ordering))


async def recent_animals(session: AsyncSession, *, with_names: bool) -> list[AnimalListItem]:
    """The newest animals first."""
    query = _items(with_names=with_names).order_by(Animal.created_at.desc(), Animal.creation_index.desc()).limit(SHOWN)
    return [AnimalListItem.model_validate(row) for row in await session.execute(query)]


async def popular_animals(session: AsyncSession, *, with_names: bool) -> list[PopularAnimal]:
    """The most captured animals first; those that nobody has captured fill up what is left."""
    captures = (
        select(RefEntry.animal_id, func.count().label("capture_count"))
        .where(RefEntry.deleted_at.is_(None))
        .group_by(RefEntry.animal_id)
        .subquery()
    )
    count = func.coalesce(captures.c.capture_count, 0)
    query = (
        _items(with_names=with_names)
        .add_columns(count.label("capture_count"))
        .outerjoin(captures, captures.c.animal_id == Animal.id)
        .order_by(count.desc(), Animal.creation_index)
        .limit(SHOWN)
    )
    return [PopularAnimal.model_validate(row) for row in await session.execute(query)]


def _items(*, with_names: bool) -> Select[Any]:
    name: ColumnElement[Any] = func.nullif(RefUser.username, "") if with_names else literal(None)
    query = select(
        Animal.id,
        Animal.scientific_name,
        Animal.common_name,
        Animal.conservation_status,
        Animal.creation_index,
        name.label("created_by_username"),
        Animal.verified,
    )
    return query.outerjoin(RefUser, RefUser.id == Animal.created_by) if with_names else query


def _order(asked: str) -> list[ColumnElement[Any]]:
    """The declared fields, `-` for descending; unknown ones are ignored. The number breaks every tie."""
    order = []
    for word in asked.split(","):
        column = ORDERS.get(word.strip().removeprefix("-"))
        if column is not None:
            order.append(column.desc() if word.strip().startswith("-") else column.asc())
    return [*order, Animal.creation_index.asc()]
