"""The dex over HTTP: keeping, reading and changing entries (contract D2–D11)."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from libs.common.auth import Viewer
from libs.common.bodies import body
from libs.common.calls import Calls
from libs.common.db import Session
from libs.common.errors import Refusal
from libs.common.pages import Listed, Page, Paging
from libs.common.values import Input
from services.dex import lists
from services.dex.details import entry_detail
from services.dex.editing import delete_entry, edit_entry, toggle_favorite
from services.dex.entries import create_entry
from services.dex.filters import Filtered, parse_uuid
from services.dex.schemas import (
    CreatedEntry,
    Edit,
    EditedEntry,
    EntryDetail,
    EntryItem,
    FullEdit,
    MergedEntry,
    NewEntry,
)
from services.dex.sync_routes import router as sync_router

router = APIRouter()
entries = APIRouter(prefix="/api/v1/dex/entries", tags=["dex"])

Responses = dict[int | str, dict[str, Any]]
NOT_YOURS: Responses = {
    403: {"description": "Visible, but somebody else's"},
    404: {"description": "Not there, or not visible"},
}


class AnimalMissing(Refusal):
    sentence = "animal_id parameter required"


@entries.post(
    "/",
    status_code=201,
    responses={200: {"model": CreatedEntry, "description": "The same request was kept before"}},
)
async def create(
    session: Session, calls: Calls, viewer: Viewer, data: Annotated[NewEntry, body(NewEntry)], response: Response
) -> CreatedEntry:
    """Keeps a capture (contract D2)."""
    entry, is_new = await create_entry(session, calls, viewer, data)
    if not is_new:
        response.status_code = 200
    return CreatedEntry.model_validate(entry)


@entries.get("/")
async def list_visible(session: Session, viewer: Viewer, paging: Paging, wanted: Filtered) -> Page[EntryItem]:
    """Everything that the caller may see (contract D3)."""
    return await lists.visible_entries(session, paging, viewer.id, wanted)


@entries.get("/my_entries/")
async def my_entries(session: Session, viewer: Viewer, paging: Paging) -> Page[EntryItem]:
    """The caller's own entries, newest catch first (contract D7)."""
    return await lists.my_entries(session, paging, viewer.id)


@entries.get("/favorites/")
async def favorites(session: Session, viewer: Viewer) -> Listed[EntryItem]:
    """The caller's own favorites (contract D8)."""
    return Listed[EntryItem].of(await lists.favorites(session, viewer.id))


@entries.get("/recent/")
async def recent(session: Session, viewer: Viewer) -> Listed[EntryItem]:
    """The 20 newest entries of the caller and their friends (contract D10)."""
    return Listed[EntryItem].of(await lists.recent(session, viewer.id))


@entries.get("/by_animal/", responses={400: {"description": "animal_id missing or no UUID"}})
async def by_animal(session: Session, viewer: Viewer, animal_id: Annotated[str, Query()] = "") -> Listed[EntryItem]:
    """Entries of one animal that the caller may see (contract D11)."""
    if not animal_id:
        raise AnimalMissing
    return Listed[EntryItem].of(await lists.of_animal(session, viewer.id, parse_uuid("animal_id", animal_id)))


@entries.get("/{entry_id:uuid}/", responses={404: {"description": "Not there, or not visible"}})
async def retrieve(session: Session, viewer: Viewer, entry_id: UUID) -> EntryDetail:
    """One entry; its place as exactly as the caller may know it (contract D4)."""
    return await entry_detail(session, viewer, entry_id)


@entries.put("/{entry_id:uuid}/", responses=NOT_YOURS)
async def replace(
    session: Session, calls: Calls, viewer: Viewer, entry_id: UUID, data: Annotated[FullEdit, body(FullEdit)]
) -> MergedEntry | EditedEntry:
    """Gives an entry another animal, or changes more of it (contract D5)."""
    return await _edit(session, calls, viewer, entry_id, data)


@entries.patch("/{entry_id:uuid}/", responses=NOT_YOURS)
async def change(
    session: Session, calls: Calls, viewer: Viewer, entry_id: UUID, data: Annotated[Edit, body(Edit)]
) -> MergedEntry | EditedEntry:
    """Changes what is sent (contract D5)."""
    return await _edit(session, calls, viewer, entry_id, data)


async def _edit(
    session: Session, calls: Calls, viewer: Viewer, entry_id: UUID, data: Edit
) -> MergedEntry | EditedEntry:
    entry, is_merged = await edit_entry(session, calls, viewer, entry_id, data)
    return (MergedEntry if is_merged else EditedEntry).model_validate(entry)


@entries.delete("/{entry_id:uuid}/", status_code=204, responses=NOT_YOURS)
async def delete(session: Session, viewer: Viewer, entry_id: UUID) -> None:
    """Removes an entry (contract D6)."""
    await delete_entry(session, viewer, entry_id)


@entries.post("/{entry_id:uuid}/toggle_favorite/", responses=NOT_YOURS)
async def toggle(session: Session, viewer: Viewer, entry_id: UUID, _: Annotated[Input, body(Input)]) -> EntryDetail:
    """Makes a favorite of an entry, or no longer (contract D9)."""
    await toggle_favorite(session, viewer, entry_id)
    return await entry_detail(session, viewer, entry_id)


# The fixed paths of syncing first: `/{entry_id}/` would take them for ids.
router.include_router(sync_router)
router.include_router(entries)
