"""Finds what a command is to work on: databases and bus of a stack or of one service, or a whole installation."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from libs.common.migrate import SERVICES
from libs.common.recovery.places import Places
from libs.common.secret_files import given

if TYPE_CHECKING:
    from deploy.operate.installation import Installation

DEFAULT_FOLDER: Final = ".data"
IN_COMPOSE: Final = "docker compose -f deploy/compose.yml run --rm commands"

DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="The data folder of a running stack (default: DATA_DIR, or .data)."),
]
Services = Annotated[
    list[str] | None,
    typer.Option("--service", help="Only this service; may be repeated. With DATABASE_URL and NATS_URL: exactly one."),
]


def find_places(data_dir: Path | None, services: list[str] | None) -> Places:
    """By DATABASE_URL and NATS_URL the one service that is named; by `<SERVICE>_DATABASE_URL` of each and NATS_URL, as
    files as well, all of them, as in the container `commands`; else the stack in the data folder.

    Raises:
        typer.BadParameter: there is no such service, or no such stack.
    """
    for service in services or ():
        if service not in SERVICES:
            raise typer.BadParameter(f"{service} is none of {', '.join(SERVICES)}")
    url, bus = os.environ.get("DATABASE_URL"), os.environ.get("NATS_URL")
    if url and bus and data_dir is None:
        if services is None or len(services) != 1:
            raise typer.BadParameter("DATABASE_URL is one service's: say which, by --service")
        return Places({services[0]: url}, bus, os.environ.get("BLOB_URL", ""))
    folder = data_dir or (Path(os.environ["DATA_DIR"]) if os.environ.get("DATA_DIR") else None)
    if folder is None:
        from deploy.operate.composed import is_configured

        wanted = [service for service in SERVICES if service in (services or SERVICES)]
        given_urls = {service: given(f"{service.upper()}_DATABASE_URL") for service in wanted}
        if all(given_urls.values()) and (bus := given("NATS_URL")):
            return Places(given_urls, bus, given("BLOB_URL"))
        if is_configured():
            raise typer.BadParameter(f"databases and bus of compose are reached from inside only: {IN_COMPOSE} …")
    topology = find_topology(folder or Path(DEFAULT_FOLDER))
    urls: dict[str, str] = topology["postgres"]["urls"]
    databases = {service: urls[service] for service in SERVICES if service in (services or SERVICES)}
    return Places(databases, topology["nats"]["url"], topology["blobs"])


def find_topology(folder: Path) -> dict[str, Any]:
    """What the stack in a data folder says of itself.

    Raises:
        typer.BadParameter: none runs there.
    """
    try:
        found: dict[str, Any] = json.loads((folder / "topology.json").read_text())
    except (OSError, ValueError) as error:
        raise typer.BadParameter(f"no stack runs in {folder}: {error}; name another by --data-dir") from None
    return found


def find_installation(data_dir: Path | None) -> "Installation":
    """What operators look at: a data folder that is named (`--data-dir`, DATA_DIR), else what the environment names, as
    in the ops container, else the compose project of this checkout if it is set up, else `.data`.

    Raises:
        typer.BadParameter: the folder's topology file cannot be read.
    """
    from deploy.operate import composed, surrounding
    from deploy.operate.embedded import embedded

    folder = data_dir or (Path(os.environ["DATA_DIR"]) if os.environ.get("DATA_DIR") else None)
    if folder is None and surrounding.is_told():
        return surrounding.surrounding()
    if folder is None and (composed.is_configured() or not Path(DEFAULT_FOLDER).exists()):
        return composed.composed()
    try:
        return embedded((folder or Path(DEFAULT_FOLDER)).resolve())
    except (OSError, ValueError, KeyError) as error:
        raise typer.BadParameter(f"{folder or DEFAULT_FOLDER} cannot be read: {error}") from None
