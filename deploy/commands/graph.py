"""`./bdx graph …`: the trees are made from the log alone, and can be made anew from it."""

from typing import TYPE_CHECKING

import typer
from rich.table import Table

from deploy.commands.places import DataDir, find_places
from deploy.commands.show import bars, out, run
from libs.common.recovery.places import Places, log_at

if TYPE_CHECKING:
    from libs.common.recovery.rebuild import Rebuilt

graph = typer.Typer(name="graph", help="The trees of the graph service.", no_args_is_help=True)


@graph.callback()
def about() -> None:
    """The trees of the graph service."""


@graph.command("rebuild")
def rebuild_trees(data_dir: DataDir = None) -> None:
    """Make the trees' tables anew from the log while players read the old ones; may be killed and repeated."""
    from libs.common.recovery.rebuild import AlreadyRunning, NotAllowed, NotSwitched, rebuild
    from services.graph.rebuild import projection

    places = find_places(data_dir, ["graph"])

    async def work(places: Places) -> "Rebuilt":
        async with log_at(places.bus) as js:
            return await rebuild(projection, places.databases["graph"], js, lambda *how: show("graph", *how))

    with bars() as show:
        done = run(work(places), NotAllowed, AlreadyRunning, NotSwitched)
    table = Table("table", "rows before", "rows now")
    for name, (before, after) in done.rows.items():
        table.add_row(name, str(before), str(after))
    out.print(table)
    out.print(f"{done.events} events applied in {done.seconds:.1f} s; the new tables are in use.")
