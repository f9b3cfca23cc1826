"""Avatars: vision makes and keeps the picture, the account knows its address (contract U8, B4)."""

from uuid import UUID

from starlette.datastructures import UploadFile

from libs.common.auth import Player
from libs.common.calls import Peers
from libs.common.errors import Failure, FieldErrors, Unavailable


async def make_avatar(peers: Peers, editor: Player, user_id: UUID, upload: UploadFile) -> str:
    """The address of the PNG that the vision service makes of an upload.

    Raises:
        FieldErrors: it is no picture, or one that is not taken.
        Unavailable: vision could not be asked.
    """
    # The type is a formality: vision looks at the bytes.
    files = {"image": ("avatar", await upload.read(), "application/octet-stream")}
    try:
        picture = await peers.post("vision", f"/internal/avatars/{user_id}/", editor, files=files)
    except Failure as failure:
        if messages := failure.body.get("image"):
            raise FieldErrors({"avatar": messages}) from None
        raise
    if picture is None:
        raise Unavailable
    address: str = picture["url"]
    return address
