"""`./bdx`: every command for people, with help."""

import asyncio
import os
import sys
from typing import Annotated

import typer

from deploy.commands import catalogue
from deploy.commands.backup import back_up, practice
from deploy.commands.bus import bus
from deploy.commands.client import client
from deploy.commands.compatible import compatible
from deploy.commands.deploy import roll_out
from deploy.commands.doctor import diagnose
from deploy.commands.graph import graph
from deploy.commands.keys import keys
from deploy.commands.publishing import publish_schemas
from deploy.commands.restore import bring_back
from deploy.commands.seed import seed
from deploy.commands.status import tell_status
from deploy.commands.top import watch
from libs.common.migrate import SERVICES, migrate

app = typer.Typer(
    name="bdx",
    help="BiologiDex: run it here, look at it, look after it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)
app.add_typer(bus)
app.add_typer(graph)
app.add_typer(client)
app.add_typer(keys)


app.add_typer(catalogue.app)
app.command("backup")(back_up)
app.command("restore")(bring_back)
app.command("drill")(practice)
app.command("deploy")(roll_out)
app.command("seed")(seed)
app.command("status")(tell_status)
app.command("doctor")(diagnose)
app.command("top")(watch)
app.command("schemas")(publish_schemas)
app.command("compatible")(compatible)


@app.command()
def dev() -> None:
    """Run the whole mesh on this machine until Ctrl-C (PORT, DATA_DIR and every setting by environment)."""
    from deploy.local.dev import run_dev

    sys.exit(run_dev())


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="End after the walk; 0 only if every step held.")] = False,
) -> None:
    """Run the mesh and walk through it as two players who become friends, with real photos."""
    from deploy.commands.demo import run_demo

    sys.exit(run_demo(once=once))


@app.command()
def bench() -> None:
    """Measure on this machine what the mesh must reach, and print it as a table (some minutes)."""
    from tests.bench.__main__ import main

    sys.exit(main())


@app.command("migrate")
def migrate_service(
    service: Annotated[str, typer.Argument(help="users, animals, dex, social, vision or graph")],
) -> None:
    """Bring one service's schema (its DATABASE_URL) to what its code needs; safe to run by several at once."""
    if service not in SERVICES:
        raise typer.BadParameter(f"choose one of {', '.join(SERVICES)}")
    asyncio.run(migrate(service, _needed("DATABASE_URL")))


@app.command()
def provision(
    services: Annotated[list[str] | None, typer.Argument(help="None: all of them.")] = None,
) -> None:
    """Make the event stream and the durables of services on the bus (NATS_URL); may be repeated."""
    from libs.common.provision import main

    _needed("NATS_URL")
    sys.exit(main(services or ["--all"]))


def _needed(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise typer.BadParameter(f"the environment variable {name} is not set")
    return value


if __name__ == "__main__":
    app()
