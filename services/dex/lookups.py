"""Animals, jobs and pictures: from the local copy, and on a miss from their owner, once (contract E)."""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import UploadFile

from libs.common.auth import Player
from libs.common.calls import Peers
from libs.common.copies import keep
from libs.common.errors import Failure, FieldErrors, Unavailable
from libs.contracts.event import Picture
from services.dex.models import RefAnimal, RefJob, RefUser

TOLD_BY_OWNER: Final = 0
"""Version of a copy that came by a call; any event of the same record overwrites it."""


class NoSuchAnimal(FieldErrors):
    def __init__(self, animal_id: UUID) -> None:
        super().__init__({"animal": [f'Invalid pk "{animal_id}" - object does not exist.']})


class NoUsableJob(FieldErrors):
    """Unknown, somebody else's, not completed, or without a picture: all the same to the caller."""

    def __init__(self) -> None:
        super().__init__({"source_vision_job": ["No completed vision job of yours with a usable image has this id."]})


async def meet_animal(session: AsyncSession, peers: Peers, player: Player, animal_id: UUID) -> None:
    """Makes sure that there is a copy of this animal.

    Raises:
        NoSuchAnimal: the animals service does not know it either, or told that it is gone.
        Unavailable: it could not be asked.
    """
    copy = await session.execute(select(RefAnimal.deleted_at).where(RefAnimal.id == animal_id))
    if (found := copy.one_or_none()) is None:
        answer = await peers.get("animals", f"/api/v1/animals/{animal_id}/", player)
        if answer is None:
            raise NoSuchAnimal(animal_id)
        await keep(session, RefAnimal, id=animal_id, version=TOLD_BY_OWNER, **_animal_values(answer))
    elif found.deleted_at is not None:
        # Ids are never used again: a tombstone is the owner's own word.
        raise NoSuchAnimal(animal_id)


def _animal_values(answer: dict[str, Any]) -> dict[str, Any]:
    return {
        "scientific_name": answer["scientific_name"],
        "common_name": answer["common_name"],
        "conservation_status": answer["conservation_status"],
        "creation_index": answer["creation_index"],
        "verified": answer["verified"],
        "created_by": UUID(answer["created_by"]) if answer.get("created_by") else None,
    }


async def usable_picture(session: AsyncSession, peers: Peers, player: Player, job_id: UUID) -> Picture:
    """The picture of a completed job of this player.

    Raises:
        NoUsableJob: the vision service has no such job of this player either.
        Unavailable: it could not be asked.
    """
    copy = await session.get(RefJob, job_id)
    if copy is not None and copy.picture is not None:
        if copy.user_id != player.id:
            raise NoUsableJob
        return copy.picture
    # Not completed as far as the copy goes, or without a picture then: both may have changed.
    answer = await peers.get("vision", f"/internal/jobs/{job_id}/", player)
    if answer is None or answer["status"] != "completed" or answer["user_id"] != str(player.id):
        raise NoUsableJob
    shown = answer["picture"] or await _made_now(peers, player, job_id)
    return Picture.model_validate(shown)


async def _made_now(peers: Peers, player: Player, job_id: UUID) -> dict[str, Any]:
    """A completed job may have its upload only: its picture is made now, or the job cannot be used (contract D2)."""
    try:
        made = await peers.post("vision", f"/internal/jobs/{job_id}/picture/", player)
    except Failure as failure:
        if failure.status == 400:
            raise NoUsableJob from None
        raise
    if made is None:
        raise NoUsableJob
    return made


async def as_stored_picture(peers: Peers, player: Player, upload: UploadFile) -> Picture:
    """Has the vision service, which owns every picture, make and keep the PNG of an upload (contract B4).

    Raises:
        FieldErrors: it is no picture, or one that is not taken.
        Unavailable: it could not be asked.
    """
    # The type is a formality: vision looks at the bytes.
    files = {"image": ("image", await upload.read(), "application/octet-stream")}
    try:
        answer = await peers.post("vision", "/internal/pictures/", player, files=files)
    except Failure as failure:
        if messages := failure.body.get("image"):
            raise FieldErrors({"original_image": messages}) from None
        raise
    if answer is None:
        raise Unavailable
    return Picture.model_validate(answer)


async def user_exists(session: AsyncSession, peers: Peers, player: Player, user_id: UUID) -> bool:
    """Whether there is such a player; the users service is asked about those not known here.

    Raises:
        Unavailable: it could not be asked.
    """
    copy = await session.execute(select(RefUser.deleted_at).where(RefUser.id == user_id))
    if (found := copy.one_or_none()) is not None:
        return found.deleted_at is None
    return await peers.get("users", f"/internal/users/{user_id}/", player) is not None
