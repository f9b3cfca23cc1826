"""`./bdx bus …`: what people do about the log of events: provision, republish, snapshot, verify."""

import os
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deploy.commands import dlq
from deploy.commands.places import DataDir, Services, find_places
from deploy.commands.show import as_json, bars, out, run
from deploy.commands.verify import verify_everything
from libs.common.recovery.places import Places, log_at

if TYPE_CHECKING:
    from nats.js import JetStreamContext

    # What runs a service takes most of a second to import; each command imports what it needs itself.
    from libs.common.recovery.republish import Show

bus = typer.Typer(name="bus", help="The log of events: set it up, refill it, check it.", no_args_is_help=True)
bus.add_typer(dlq.dlq)

Json = Annotated[bool, typer.Option("--json", help="For machines: JSON on stdout.")]


@bus.command("provision")
def provision_bus(data_dir: DataDir = None, service: Services = None) -> None:
    """Make the stream and every handler's durable, or bring them to what the code says; may be repeated."""
    from libs.common.provision import Drift, provision

    places = find_places(data_dir, service)
    made = run(
        provision(
            places.bus,
            tuple(places.databases),
            replicas=int(os.environ.get("EVENT_STREAM_REPLICAS", "1")),
            max_bytes=int(os.environ.get("EVENT_STREAM_MAX_BYTES", "0")),
        ),
        Drift,
    )
    out.print(f"The stream and {made} durables are there.")


@bus.command("permissions")
def print_permissions() -> None:
    """Print the server's `authorization`: a user for each service; kept in deploy/nats/authorization.conf."""
    from libs.common.bus_permissions import authorization

    print(authorization(), end="")


@bus.command("anew")
def begin_anew(
    data_dir: DataDir = None,
    service: Services = None,
    yes: Annotated[bool, typer.Option("--yes", help="It is meant.")] = False,
) -> None:
    """Delete the stream with all it holds and make it new: for a database that was set back. Services must be down."""
    from libs.common.recovery.anew import begin_log_anew

    if not yes:
        raise typer.BadParameter("this deletes the log of events; say --yes, then republish of every service")

    async def work(places: Places) -> None:
        async with log_at(places.bus) as js:
            await begin_log_anew(js)

    run(work(find_places(data_dir, service)))
    provision_bus(data_dir, service)


@bus.command("republish")
def republish_events(
    data_dir: DataDir = None,
    service: Services = None,
    everything: Annotated[bool, typer.Option("--all", help="Of all services.")] = False,
    since: Annotated[datetime | None, typer.Option(help="Only events written from then on (UTC).")] = None,
    json: Json = False,
) -> None:
    """Publish again from the outboxes what the log has lost, in order; services may run or not. May be repeated."""
    from libs.common.recovery.republish import NotDrained, republish

    if everything == bool(service):
        raise typer.BadParameter("say --all, or which by --service")
    moment = since.replace(tzinfo=since.tzinfo or UTC) if since else None

    _work_on_log(
        find_places(data_dir, service),
        partial(republish, since=moment),
        NotDrained,
        what="were missing and are published again",
        json=json,
    )


@bus.command("snapshot")
def tell_present_state(data_dir: DataDir = None, service: Services = None, json: Json = False) -> None:
    """Have every owner tell the present state of its records, where the log does not: for what no outbox has."""
    from libs.common.recovery.republish import NotDrained
    from libs.common.recovery.snapshot import announce

    _work_on_log(
        find_places(data_dir, service),
        announce,
        NotDrained,
        what="records were not in the log and are told again",
        json=json,
    )


@bus.command("sweep")
def sweep_log(data_dir: DataDir = None, service: Services = None, json: Json = False) -> None:
    """Take out of the log what must not stay: second copies of an event, and what tells of players who have gone."""
    from libs.common.recovery.sweep import sweep

    _work_on_log(
        find_places(data_dir, service),
        sweep,
        what="messages are taken out",
        json=json,
    )


bus.command("verify")(verify_everything)


def _work_on_log(
    places: Places,
    work: Callable[[Places, "JetStreamContext", "Show"], Coroutine[Any, Any, dict[str, int]]],
    *expected: type[Exception],
    what: str,
    json: bool,
) -> None:
    """Does the work beside the log, with a bar for each service, and tells how much it was."""

    async def with_log(show: "Show") -> dict[str, int]:
        async with log_at(places.bus) as js:
            return await work(places, js, show)

    with bars() as show:
        counts = run(with_log(show), *expected)
    _tell(counts, what, json=json)


def _tell(counts: dict[str, int], what: str, *, json: bool) -> None:
    if json:
        as_json(counts)
        return
    for name, count in counts.items():
        out.print(f"{name:>8}  {count} {what}")
