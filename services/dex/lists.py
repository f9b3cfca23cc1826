"""Lists of entries in the short form (contract D3, D7, D8, D10, D11), each one statement over local copies."""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.pages import Page, Pager
from services.dex.filters import EntryFilter
from services.dex.models import DexEntry, RefAnimal, RefUser
from services.dex.schemas import EntryItem
from services.dex.visibility import shared_with_friends, visible_to

RECENT: Final = 20
MOST_AT_ONCE: Final = 500
"""Bound of the lists that come in one piece."""


ITEMS: Final[Select[*tuple[Any, ...]]] = (
    select(
        DexEntry.id,
        func.coalesce(RefUser.username, "").label("owner_username"),
        DexEntry.animal_id,
        RefAnimal.common_name,
        func.coalesce(DexEntry.upload_url, DexEntry.picture_url).label("original_image"),
        DexEntry.catch_date,
        DexEntry.visibility,
        DexEntry.is_favorite,
    )
    .join(RefAnimal, and_(RefAnimal.id == DexEntry.animal_id, RefAnimal.deleted_at.is_(None)))
    # A player registered a moment ago may not be known here by name yet.
    .outerjoin(RefUser, RefUser.id == DexEntry.owner_id)
)
"""The columns of `EntryItem`; made once, because making it takes longer than running it."""


def _item(row: Row[*tuple[Any, ...]]) -> EntryItem:
    """Straight from the row: what comes from our own columns needs no validation."""
    return EntryItem.model_construct(
        id=row.id,
        owner_username=row.owner_username,
        animal=row.animal_id,
        animal_name=row.common_name,
        original_image=row.original_image,
        catch_date=row.catch_date,
        visibility=row.visibility,
        is_favorite=row.is_favorite,
    )


def _newest_first(query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    return query.order_by(DexEntry.catch_date.desc(), DexEntry.id)


async def my_entries(session: AsyncSession, pager: Pager, viewer: UUID) -> Page[EntryItem]:
    """The viewer's own entries, newest catch first (contract D7)."""
    return await pager.of(session, _newest_first(ITEMS.where(DexEntry.owner_id == viewer)), _item)


async def visible_entries(session: AsyncSession, pager: Pager, viewer: UUID, wanted: EntryFilter) -> Page[EntryItem]:
    """Everything that the viewer may see, filtered, searched and ordered (contract D3)."""
    query = ITEMS.where(visible_to(viewer), *_conditions(wanted))
    order = [column.desc() if descending else column for column, descending in _order(wanted)]
    return await pager.of(session, query.order_by(*order, DexEntry.id), _item)


async def favorites(session: AsyncSession, viewer: UUID) -> list[EntryItem]:
    """The viewer's own favorites (contract D8)."""
    return await _short(session, ITEMS.where(DexEntry.owner_id == viewer, DexEntry.is_favorite))


async def recent(session: AsyncSession, viewer: UUID) -> list[EntryItem]:
    """The newest entries of the viewer and their friends (contract D10)."""
    mine_and_friends = or_(DexEntry.owner_id == viewer, shared_with_friends(viewer))
    return await _short(session, ITEMS.where(mine_and_friends), RECENT)


async def of_animal(session: AsyncSession, viewer: UUID, animal_id: UUID) -> list[EntryItem]:
    """The entries of one animal that the viewer may see (contract D11)."""
    return await _short(session, ITEMS.where(DexEntry.animal_id == animal_id, visible_to(viewer)))


async def _short(session: AsyncSession, query: Select[*tuple[Any, ...]], limit: int = MOST_AT_ONCE) -> list[EntryItem]:
    return [_item(row) for row in await session.execute(_newest_first(query).limit(limit))]


def _conditions(wanted: EntryFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.animal is not None:
        conditions.append(DexEntry.animal_id == wanted.animal)
    if wanted.visibility is not None:
        conditions.append(DexEntry.visibility == wanted.visibility)
    if wanted.is_favorite is not None:
        conditions.append(DexEntry.is_favorite == wanted.is_favorite)
    searched = (RefAnimal.scientific_name, RefAnimal.common_name, DexEntry.notes)
    for term in wanted.terms:
        conditions.append(or_(*(column.icontains(term, autoescape=True) for column in searched)))
    return conditions


def _order(wanted: EntryFilter) -> list[tuple[ColumnElement[Any], bool]]:
    columns: dict[str, Any] = {"catch_date": DexEntry.catch_date, "created_at": DexEntry.created_at}
    return [(columns[name], descending) for name, descending in wanted.order]
