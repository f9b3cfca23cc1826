"""One animal with everything about it (contract A4, A8)."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.errors import NotFound
from services.animals.models import Animal, RefEntry, RefUser
from services.animals.schemas import animals as answers


class NoSuchAnimal(NotFound):
    def __init__(self) -> None:
        super().__init__("Animal")


async def show_animal(session: AsyncSession, animal_id: UUID, *, with_names: bool) -> answers.Animal:
    """The animal as A1 says; its discoverer only `with_names`.

    Raises:
        NoSuchAnimal: unknown, or deleted.
    """
    discoveries = (
        select(func.count(RefEntry.owner_id.distinct()))
        .where(RefEntry.animal_id == animal_id, RefEntry.deleted_at.is_(None))
        .scalar_subquery()
    )
    name: ColumnElement[Any] = func.nullif(RefUser.username, "") if with_names else literal(None)
    columns = [column for column in Animal.__table__.c if with_names or column.name != "created_by"]
    query = (
        select(*columns, name.label("created_by_username"), discoveries.label("discovery_count"))
        .outerjoin(RefUser, RefUser.id == Animal.created_by)
        .where(Animal.id == animal_id)
    )
    row = (await session.execute(query)).mappings().one_or_none()
    if row is None:
        raise NoSuchAnimal
    return answers.Animal.of({"created_by": None, **row})


async def show_hierarchy(session: AsyncSession, animal_id: UUID) -> answers.TaxonomicTree:
    """The animal's seven ranks.

    Raises:
        NoSuchAnimal: unknown, or deleted.
    """
    ranks = [
        getattr(Animal, name) for name in ("kingdom", "phylum", "class_name", "order", "family", "genus", "species")
    ]
    row = (await session.execute(select(*ranks).where(Animal.id == animal_id))).mappings().one_or_none()
    if row is None:
        raise NoSuchAnimal
    return answers.TaxonomicTree.model_validate(dict(row))
