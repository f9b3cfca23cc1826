"""`make bench`: what the mesh must reach, measured on this machine and printed as a table; nothing is asserted."""

import asyncio
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench import catalogue, large, mesh_figures, overload, pipeline, startup
from tests.bench.figures import Figure


def main() -> int:
    """Runs every measurement; progress on stderr, the table on stdout."""
    progress = Console(stderr=True)
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="biologidex-bench-") as folder:
        # First: its figure for memory is the peak of this process so far.
        with progress.status("a catalogue of 200,000 names, a search over 1,000,000"):
            figures += asyncio.run(catalogue.measure())
        with progress.status("events through outbox, bus and projection"):
            figures += asyncio.run(pipeline.measure())
        with progress.status("the stack starts") as status, startup.started(Path(folder)) as run:
            figures += run.figures()
            status.update("photos, entries, trees and requests through the gateway")
            figures += asyncio.run(mesh_figures.measure(run))
            status.update("large dexes: a tree of 5,000 entries, a sync of 5,000")
            figures += asyncio.run(large.measure(run))
            status.update("ten times the load that it bears")
            figures += asyncio.run(overload.measure(run))
    table = Table("figure", "bound", "measured", title="BiologiDex on this machine")
    for figure in figures:
        table.add_row(figure.name, figure.bound, figure.measured)
    Console(width=120 if not sys.stdout.isatty() else None).print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
