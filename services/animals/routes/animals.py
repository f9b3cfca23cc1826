"""The species registry over HTTP (contract A2–A9)."""

from typing import Annotated, Final, get_args
from uuid import UUID

from fastapi import APIRouter, Depends, Response, status

from libs.common.auth import MaybeViewer, Staff, Viewer, maybe_player
from libs.common.bodies import body
from libs.common.db import Session
from libs.common.errors import FieldErrors
from libs.common.pages import Listed, Page, Paging
from services.animals import details, editing, listing
from services.animals.routes.asked import Asked, AskedFor
from services.animals.schemas.animals import (
    Animal,
    AnimalDraft,
    AnimalListItem,
    AnimalPatch,
    AnimalReplacement,
    ConservationStatus,
    Lookup,
    LookupResult,
    PopularAnimal,
    TaxonomicTree,
)

# A broken token is refused on public paths, too (contract G4).
router = APIRouter(prefix="/api/v1/animals", tags=["animals"], dependencies=[Depends(maybe_player)])

STATUSES: Final = get_args(ConservationStatus)
BOOLEANS: Final = {"true": True, "1": True, "false": False, "0": False}


@router.get("/")
async def list_animals(
    session: Session,
    viewer: MaybeViewer,
    paging: Paging,
    conservation_status: Asked = "",
    verified: Asked = "",
    kingdom: Asked = "",
    phylum: Asked = "",
    family: Asked = "",
    search: AskedFor = "",
    ordering: Asked = "",
) -> Page[AnimalListItem]:
    """All animals by their number, fifty a page; public (A2)."""
    if conservation_status and conservation_status not in STATUSES:
        raise FieldErrors(
            {
                "conservation_status": [
                    f"Select a valid choice. {conservation_status} is not one of the available choices."
                ]
            }
        )
    texts = {
        "conservation_status": conservation_status,
        "kingdom": kingdom,
        "phylum": phylum,
        "family": family,
    }
    equal: dict[str, str | bool] = {column: value for column, value in texts.items() if value}
    if (flag := BOOLEANS.get(verified.lower())) is not None:
        equal["verified"] = flag
    wanted = listing.Wanted(equal, search, ordering)
    query = listing.list_animals(wanted, with_names=viewer is not None)
    return await paging.of(session, query, AnimalListItem.model_validate)


@router.post("/", status_code=status.HTTP_201_CREATED)
async def create_animal(session: Session, viewer: Viewer, draft: Annotated[AnimalDraft, body(AnimalDraft)]) -> Animal:
    """Adds an animal with the next number (A3)."""
    animal = await editing.create_animal(session, draft, viewer.id)
    return await details.show_animal(session, animal.id, with_names=True)


@router.get("/recent/")
async def list_recent_animals(session: Session, viewer: MaybeViewer) -> Listed[AnimalListItem]:
    """The twenty newest animals; public (A6)."""
    return Listed.of(await listing.recent_animals(session, with_names=viewer is not None))


@router.get("/popular/")
async def list_popular_animals(session: Session, viewer: MaybeViewer) -> Listed[PopularAnimal]:
    """The twenty most captured animals; public (A7)."""
    return Listed.of(await listing.popular_animals(session, with_names=viewer is not None))


@router.post("/lookup_or_create/", responses={201: {"model": LookupResult}})
async def look_up_or_create_animal(
    session: Session, viewer: Viewer, asked: Annotated[Lookup, body(Lookup)], response: Response
) -> LookupResult:
    """The animal of this scientific name, made if it is not there yet: 200 or 201 (A9)."""
    animal, created = await editing.look_up_or_create(session, asked, viewer.id)
    if created:
        response.status_code = status.HTTP_201_CREATED
    return LookupResult(created=created, animal=await details.show_animal(session, animal.id, with_names=True))


@router.get("/{animal_id:uuid}/")
async def show_animal(session: Session, viewer: MaybeViewer, animal_id: UUID) -> Animal:
    """One animal; public (A4). Other services ask here for what their copies miss."""
    return await details.show_animal(session, animal_id, with_names=viewer is not None)


@router.put("/{animal_id:uuid}/")
async def replace_animal(
    session: Session,
    _staff: Staff,
    animal_id: UUID,
    news: Annotated[AnimalReplacement, body(AnimalReplacement)],
) -> Animal:
    """Writes an animal; staff only (A5)."""
    await editing.edit_animal(session, animal_id, news)
    return await details.show_animal(session, animal_id, with_names=True)


@router.patch("/{animal_id:uuid}/")
async def edit_animal(
    session: Session, _staff: Staff, animal_id: UUID, news: Annotated[AnimalPatch, body(AnimalPatch)]
) -> Animal:
    """Writes some fields of an animal; staff only (A5)."""
    await editing.edit_animal(session, animal_id, news)
    return await details.show_animal(session, animal_id, with_names=True)


@router.delete("/{animal_id:uuid}/", status_code=status.HTTP_204_NO_CONTENT)
async def delete_animal(session: Session, _staff: Staff, animal_id: UUID) -> None:
    """Takes an animal out of the registry; staff only (A5)."""
    await editing.delete_animal(session, animal_id)


@router.get("/{animal_id:uuid}/taxonomy/")
async def show_hierarchy(session: Session, animal_id: UUID) -> TaxonomicTree:
    """An animal's seven ranks; public (A8)."""
    return await details.show_hierarchy(session, animal_id)
