"""`./bdx doctor`: what is wrong with an installation, and what to do about it, one line each (docs/doctor.md).

It works before anything runs, and against what is broken. For compose what must be asked is asked inside, in the
container `commands` (`deploy/operate/inside.py`); without an engine the rest is told all the same.
"""

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.markup import escape

from deploy.commands.places import DataDir, find_installation
from deploy.commands.show import as_json, err, out, run

if TYPE_CHECKING:
    # What looks into everything takes most of a second to import.
    from deploy.operate.examination import Examined
    from deploy.operate.installation import Installation

COLORS: Final = {"✗": "red", "!": "yellow"}


def diagnose(
    data_dir: DataDir = None,
    ask_network: Annotated[bool, typer.Option("--network", help="Also see whether the model can be reached.")] = False,
    json: Annotated[bool, typer.Option("--json", help="For machines: JSON on stdout.")] = False,
    table: Annotated[
        bool, typer.Option("--table", help="Only print all that can be found, for docs/doctor.md.")
    ] = False,
) -> None:
    """Say what is wrong and what to do: settings, keys, clocks, migrations, bus, disks, backups; 1 if anything is."""
    from deploy.operate.examination import as_markdown

    if table:
        print(as_markdown(), end="")
        return
    installation = find_installation(data_dir)
    groups, unseen, published = run(_examined(installation, ask_network=ask_network))
    wrong = sum(finding.is_wrong for group in groups for finding in group.findings)
    if json:
        as_json(
            {
                "installation": installation.title,
                "fine": not wrong,
                "not_seen": unseen,
                "published_keys": published,
                "groups": [group.as_json() for group in groups],
            }
        )
    else:
        _draw(installation, groups, unseen)
    sys.exit(1 if wrong else 0)


async def _examined(installation: "Installation", *, ask_network: bool) -> tuple[list["Examined"], str, dict[str, Any]]:
    """All groups; why something could not be looked at, if so; the public keys that each process of users gives."""
    from deploy.operate.checks import network
    from deploy.operate.checks.keys import published_by
    from deploy.operate.examination import Examined, examine, together
    from deploy.operate.state import look
    from deploy.rollout.failure import NotDone

    state, unseen = await look(installation), ""
    groups = list(examine(installation, state))
    if installation.kind == "compose":
        try:
            more = await asyncio.to_thread(_from_the_engine, installation)
            groups = together(groups, more)
        except NotDone as error:
            unseen = str(error)
    if ask_network:
        groups.append(Examined("network", network.FINE, tuple(await network.ask_the_model(installation))))
    elif not installation.runs and installation.kind == "embedded":
        unseen = "nothing runs, so only what lies there was looked at"
    return groups, unseen, published_by(state)


def _from_the_engine(installation: "Installation") -> list["Examined"]:
    """What containers are, and what the same examination says from inside.

    Raises:
        NotDone: there is no engine, or nothing runs.
    """
    from deploy.operate.checks import images, keys
    from deploy.operate.examination import Examined, by_id
    from deploy.operate.inside import ask_inside
    from deploy.rollout.engine import find_engine
    from deploy.rollout.failure import NotDone
    from deploy.rollout.place import Place

    engine = find_engine(Place())
    services = installation.told
    containers = {name: found for name in services if (found := engine.container(name))}
    if not containers:
        raise NotDone("nothing of the project runs, so only files were looked at")
    seen = Examined("images", images.FINE, tuple(images.check_containers(installation, containers)))
    told = ask_inside(installation, "doctor")
    published = tuple(keys.compare(installation, told["published_keys"]))
    return [seen, *by_id(told["groups"]), Examined("keys", keys.FINE, published)]


def _draw(installation: "Installation", groups: list["Examined"], unseen: str) -> None:
    out.print(f"[bold]{escape(installation.title)}[/]")
    for group in groups:
        if not group.findings:
            out.print(f"[green]✓[/] {group.name}: {group.fine}")
            continue
        for finding in group.findings:
            mark = finding.kind.mark.value
            out.print(
                f"[{COLORS[mark]}]{mark}[/] {group.name}: {escape(finding.sentence)} "
                f"→ [bold]{escape(finding.fix)}[/] [dim]{finding.kind.id}[/]",
                soft_wrap=True,
            )
    if unseen:
        err.print(f"[dim]Not all could be seen: {escape(unseen)}[/]")
