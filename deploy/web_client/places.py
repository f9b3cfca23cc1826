"""Where the folder of the web clients is, for whom."""

from pathlib import Path
from typing import Final

from deploy.operate.composed import read_env
from deploy.rollout.place import Place

SETTING: Final = "CLIENT_DIR"
FOLDER: Final = "client"


def client_folder(named: Path | None, place: Place | None = None) -> Path:
    """What is named, else CLIENT_DIR of deploy/.env, else deploy/client: what compose mounts into the gateways.

    A relative path in deploy/.env begins where compose.yml lies.
    """
    if named is not None:
        return named.resolve()
    place = place or Place()
    return (place.folder / (read_env(place.settings).get(SETTING) or FOLDER)).resolve()
