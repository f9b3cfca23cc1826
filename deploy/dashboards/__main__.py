"""`python -m deploy.dashboards`: writes deploy/grafana/dashboards/*.json of what is said here."""

import json
from pathlib import Path
from typing import Final

from deploy.dashboards.mesh import MESH
from deploy.dashboards.one_service import SERVICE
from deploy.dashboards.panels import Dashboard
from deploy.dashboards.players import PLAYERS
from deploy.dashboards.storage import STORAGE

ALL: Final[tuple[Dashboard, ...]] = (MESH, SERVICE, PLAYERS, STORAGE)
FOLDER: Final = Path(__file__).parents[1] / "grafana" / "dashboards"


def files() -> dict[Path, str]:
    """The files as they should be."""
    return {
        FOLDER / f"{each.uid.removeprefix('biologidex-')}.json": json.dumps(each.drawn(), indent=1) + "\n"
        for each in ALL
    }


if __name__ == "__main__":
    for path, text in files().items():
        path.write_text(text)
