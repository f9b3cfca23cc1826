"""`./bdx seed`: the test users `testuser`, `admin` and `verified`."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import urlsplit, urlunsplit

import typer
from rich.table import Table

from deploy.commands.places import DEFAULT_FOLDER, DataDir, find_topology
from deploy.commands.show import as_json, err, out, run
from deploy.local.roles import DATABASE
from deploy.operate import composed
from libs.common.secret_files import given

if TYPE_CHECKING:
    from services.users.seeding import KnownUser, Outcome

SCHEMA: Final = "users"
FOR_DEVELOPMENT: Final = ("embedded", "test")
IN_COMPOSE: Final = "docker compose -f deploy/compose.yml run --rm commands seed --in-production"


@dataclass(frozen=True)
class Place:
    """The database of the users service; `as_administrator`: by a role that is at home in no schema."""

    url: str
    is_stack: bool = False
    as_administrator: bool = False


@dataclass(frozen=True)
class Planted:
    """One test user, and the password if it is new."""

    username: str
    outcome: "Outcome"
    password: str | None


def seed(
    force: Annotated[
        bool, typer.Option("--force", help="Those who are there are erased with all that is theirs, and made anew.")
    ] = False,
    passwords: Annotated[
        Path | None,
        typer.Option(help="A file with a line NAME=PASSWORD for each; `-` is stdin. Default: random, shown once."),
    ] = None,
    in_production: Annotated[
        bool, typer.Option("--in-production", help="Outside a stack for development these are real accounts.")
    ] = False,
    data_dir: DataDir = None,
    json: Annotated[bool, typer.Option("--json", help="For machines: JSON on stdout.")] = False,
) -> None:
    """Register the test users testuser, admin (staff and superuser) and verified; those who are there stay as they are.

    In an embedded stack passwords and friend codes are those that everybody knows. Anywhere else nobody does.
    """
    from libs.common.errors import Failure
    from services.users.seeding import TEST_USERS, new_password

    place = _place(data_dir)
    if not place.is_stack and not in_production and os.environ.get("ENVIRONMENT") not in FOR_DEVELOPMENT:
        raise typer.BadParameter("this may be what players use: say --in-production if `admin` is to be there as well")
    chosen = _read(passwords)
    for name in chosen.keys() - {who.username for who in TEST_USERS}:
        raise typer.BadParameter(f"{name} is none of {', '.join(who.username for who in TEST_USERS)}")
    wanted = {
        who: chosen.get(who.username) or (who.known_password if place.is_stack else new_password())
        for who in TEST_USERS
    }
    planted = run(_plant(place, wanted, is_forced=force), Failure)
    shown = [
        {
            "username": each.username,
            "outcome": each.outcome,
            "password": None if each.username in chosen else each.password,
        }
        for each in planted
    ]
    if json:
        as_json({"count": len(shown), "results": shown})
        return
    table = Table("name", "", "password")
    for row in shown:
        table.add_row(row["username"], row["outcome"], row["password"] or "")
    out.print(table)
    if not place.is_stack and any(row["password"] for row in shown):
        err.print("[yellow]These passwords are shown this once, and kept nowhere.[/]")


async def _plant(place: Place, wanted: "dict[KnownUser, str]", *, is_forced: bool) -> list[Planted]:
    """All of them in one transaction, with their events."""
    from sqlalchemy import text

    from libs.common.db import Database
    from services.users.seeding import plant

    database, found = Database(place.url, name=SCHEMA, pool_size=1, overflow=0), []
    try:
        async with database.transaction() as session:
            if place.as_administrator:
                await session.execute(text(f"SET LOCAL search_path TO {SCHEMA}"))
            for who, password in wanted.items():
                outcome = await plant(session, who, password, is_forced=is_forced, has_known_code=place.is_stack)
                found.append(Planted(who.username, outcome, None if outcome == "there already" else password))
    finally:
        await database.close()
    return found


def _place(data_dir: Path | None) -> Place:
    """A stack that is named; else DATABASE_URL, or ADMIN_DATABASE_URL as in the container `commands`; else `.data`."""
    folder = data_dir or (Path(os.environ["DATA_DIR"]) if os.environ.get("DATA_DIR") else None)
    if folder is None:
        if own := given("DATABASE_URL") or given("USERS_DATABASE_URL"):
            return Place(own)
        if administrator := given("ADMIN_DATABASE_URL"):
            address = urlsplit(administrator)._replace(scheme="postgresql+asyncpg", path=f"/{DATABASE}")
            return Place(urlunsplit(address), as_administrator=True)
        if composed.is_configured():
            raise typer.BadParameter(f"the database of compose is reached from inside only: {IN_COMPOSE}")
    urls: dict[str, str] = find_topology(folder or Path(DEFAULT_FOLDER))["postgres"]["urls"]
    return Place(urls[SCHEMA], is_stack=True)


def _read(path: Path | None) -> dict[str, str]:
    if path is None:
        return {}
    try:
        lines = (sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")).splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{path} cannot be read: {error}") from None
    pairs = [line.partition("=") for line in lines if line.strip()]
    if bad := next((number for number, pair in enumerate(pairs, start=1) if not pair[1] or not pair[2]), None):
        raise typer.BadParameter(f"line {bad} of {path} is not NAME=PASSWORD")
    return {name.strip(): password for name, _, password in pairs}
