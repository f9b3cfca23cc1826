"""`./bdx bus dlq …`: events that a consumer has set aside because it could not apply them."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer
from rich.markup import escape
from rich.table import Table

from deploy.commands.places import DataDir, Services, find_places
from deploy.commands.show import as_json, out, run
from libs.common.recovery.places import Places

if TYPE_CHECKING:
    from libs.common.db import Database
    from libs.common.recovery.dead_letters import Letter

dlq = typer.Typer(name="dlq", help="Dead letters: events that a consumer has set aside.", no_args_is_help=True)

Ids = Annotated[list[str] | None, typer.Argument(help="Event ids, as `list` shows them.")]
Consumer = Annotated[str, typer.Option("--consumer", help="Only what this consumer has set aside.")]
Everything = Annotated[bool, typer.Option("--all", help="All that is found, not only the ids that are named.")]
Json = Annotated[bool, typer.Option("--json", help="For machines: JSON on stdout.")]


@dlq.command("list")
def list_letters(
    data_dir: DataDir = None, service: Services = None, consumer: Consumer = "", json: Json = False
) -> None:
    """Show what is set aside, by service, the oldest first."""
    found = run(_found(find_places(data_dir, service), [], consumer))
    if json:
        as_json([_shown(name, letter) for name, letters in found.items() for letter in letters])
        return
    table = Table("service", "consumer", "subject")
    # Whole, however narrow the terminal: it is what the other commands are given.
    table.add_column("event id", no_wrap=True)
    table.add_column("age", no_wrap=True)
    table.add_column("error")
    for name, letters in found.items():
        for each in letters:
            table.add_row(name, each.consumer, each.subject, each.event_id, _age(each), escape(each.error))
    out.print(table if table.row_count else "Nothing is set aside.")


@dlq.command("show")
def show_letter(
    event_id: Annotated[str, typer.Argument(help="As `list` shows it.")],
    data_dir: DataDir = None,
    service: Services = None,
    consumer: Consumer = "",
) -> None:
    """Show one event whole, with its headers and payload, as JSON; once for each consumer that set it aside."""
    found = run(_found(find_places(data_dir, service), [event_id], consumer))
    shown = [
        {**_shown(name, letter), "headers": letter.headers, "payload": _payload(letter)}
        for name, letters in found.items()
        for letter in letters
    ]
    _refuse_nothing(shown)
    as_json(shown)


@dlq.command("redrive")
def redrive_letters(
    event_ids: Ids = None,
    everything: Everything = False,
    data_dir: DataDir = None,
    service: Services = None,
    consumer: Consumer = "",
) -> None:
    """Hand events to their handlers again, each in one transaction; what fails again stays set aside (exit code 1)."""
    from libs.common.inbox import describe
    from libs.common.provision import handlers_of
    from libs.common.recovery.dead_letters import redrive

    async def work(places: Places) -> tuple[int, int]:
        done = failed = 0
        async for name, database, letters in _opened(places, _asked(event_ids, everything=everything), consumer):
            for letter in letters:
                try:
                    done += await redrive(database, handlers_of(name), letter)
                except Exception as error:  # noqa: BLE001 - whatever the handler raises is told, and the next is taken
                    failed += 1
                    out.print(f"[red]{letter.consumer} {letter.event_id}[/]: {escape(describe(error))}")
        return done, failed

    done, failed = run(work(find_places(data_dir, service)))
    _refuse_nothing(done or failed)
    out.print(f"{done} applied, {failed} still set aside.")
    sys.exit(1 if failed else 0)


@dlq.command("drop")
def drop_letters(
    event_ids: Ids = None,
    everything: Everything = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data_dir: DataDir = None,
    service: Services = None,
    consumer: Consumer = "",
) -> None:
    """Give events up for good: these consumers will never have applied them."""
    from libs.common.recovery.dead_letters import drop

    places, ids = find_places(data_dir, service), _asked(event_ids, everything=everything)
    count = sum(map(len, run(_found(places, ids, consumer)).values()))
    _refuse_nothing(count)
    if not yes:
        typer.confirm(f"Give up {count} dead letters?", abort=True)

    async def work() -> int:
        return sum(
            [
                await drop(database, letter)
                async for _, database, letters in _opened(places, ids, consumer)
                for letter in letters
            ]
        )

    out.print(f"{run(work())} given up.")


def _asked(event_ids: list[str] | None, *, everything: bool) -> list[str]:
    if everything == bool(event_ids):
        raise typer.BadParameter("name event ids, or say --all")
    return event_ids or []


def _refuse_nothing(found: object) -> None:
    if not found:
        out.print("No such dead letter.")
        sys.exit(1)


async def _found(places: Places, event_ids: list[str], consumer: str) -> dict[str, list["Letter"]]:
    return {name: letters async for name, _, letters in _opened(places, event_ids, consumer)}


async def _opened(
    places: Places, event_ids: list[str], consumer: str
) -> AsyncIterator[tuple[str, "Database", list["Letter"]]]:
    from libs.common.recovery.dead_letters import letters_in

    for name, url in places.databases.items():
        async with _database(name, url) as database:
            yield name, database, await letters_in(database, event_ids=event_ids, consumer=consumer)


@asynccontextmanager
async def _database(name: str, url: str) -> AsyncIterator["Database"]:
    from libs.common.db import Database

    database = Database(url, name=name)
    try:
        yield database
    finally:
        await database.close()


def _shown(service: str, letter: "Letter") -> dict[str, Any]:
    names = ("consumer", "event_id", "subject", "aggregate_id", "version", "error", "deliveries", "stream_seq")
    values = {name: getattr(letter, name) for name in names}
    return {"service": service, **values, "created_at": letter.created_at.isoformat()}


def _payload(letter: "Letter") -> Any:
    try:
        return orjson.loads(letter.payload)
    except orjson.JSONDecodeError:
        return letter.payload.decode(errors="replace")


def _age(letter: "Letter") -> str:
    seconds = int((datetime.now(UTC) - letter.created_at).total_seconds())
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
