"""One entry in full, for whoever may see it (contract D1, D4)."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from libs.common.auth import Player
from libs.common.errors import NotFound
from services.dex.models import DexEntry, RefAnimal, RefUser
from services.dex.places import Place
from services.dex.schemas import AnimalItem, EntryDetail
from services.dex.visibility import place_shown_to, relation_of, visible_to


async def entry_detail(session: AsyncSession, viewer: Player, entry_id: UUID) -> EntryDetail:
    """The entry as this viewer may see it; staff may read any, yet learn places like everybody else.

    Raises:
        NotFound: no such entry, or not visible.
    """
    discoverer = aliased(RefUser)
    query = (
        select(
            DexEntry,
            RefAnimal,
            func.coalesce(RefUser.username, "").label("owner_username"),
            func.coalesce(RefUser.location_precision, "hidden").label("location_precision"),
            discoverer.username.label("created_by_username"),
            relation_of(viewer.id).label("relation"),
        )
        .join(RefAnimal, and_(RefAnimal.id == DexEntry.animal_id, RefAnimal.deleted_at.is_(None)))
        .outerjoin(RefUser, RefUser.id == DexEntry.owner_id)
        .outerjoin(discoverer, and_(discoverer.id == RefAnimal.created_by, discoverer.deleted_at.is_(None)))
        .where(DexEntry.id == entry_id)
    )
    if not viewer.runs_the_place:
        query = query.where(visible_to(viewer.id))
    row = (await session.execute(query)).one_or_none()
    if row is None:
        raise NotFound("DexEntry")
    return _detail(row)


def _animal(animal: RefAnimal, created_by_username: str | None) -> AnimalItem:
    return AnimalItem(
        id=animal.id,
        scientific_name=animal.scientific_name,
        common_name=animal.common_name,
        conservation_status=animal.conservation_status,
        creation_index=animal.creation_index,
        created_by_username=created_by_username,
        verified=animal.verified,
    )


def _detail(row: Row[*tuple[Any, ...]]) -> EntryDetail:
    entry: DexEntry = row.DexEntry
    animal: RefAnimal = row.RefAnimal
    place = place_shown_to(
        row.relation,
        Place(entry.location_lat, entry.location_lon, entry.location_name),
        location_precision=row.location_precision,
        conservation_status=animal.conservation_status,
        scientific_name=animal.scientific_name,
    )
    return EntryDetail(
        id=entry.id,
        owner=entry.owner_id,
        owner_username=row.owner_username,
        animal=entry.animal_id,
        animal_details=_animal(animal, row.created_by_username),
        original_image=entry.original_image,
        processed_image=entry.upload_url,
        location_lat=place.lat,
        location_lon=place.lon,
        location_name=place.name,
        location_coords=place.coords,
        notes=entry.notes,
        customizations=entry.customizations,
        catch_date=entry.catch_date,
        visibility=entry.visibility,
        is_favorite=entry.is_favorite,
        created_at=entry.created_at,
        updated_at=entry.updated_at,
    )
