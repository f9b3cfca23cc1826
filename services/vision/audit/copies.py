"""What vision makes of an entry: who shows which picture to whom."""

from typing import Any

from libs.contracts.dex import DexState
from services.vision.darkroom import key_of


def of_entry(event: DexState) -> dict[str, Any]:
    """The columns of `RefDexEntry`, as its handler writes them."""
    return {
        "owner_id": event.owner_id,
        "job_id": event.source_vision_job,
        "visibility": event.visibility,
        "picture_key": key_of(event.picture.url),
    }
