"""`./bdx top`: what every process does at this moment, until Ctrl-C.

For compose it runs inside, in the container `commands`, on this terminal.
"""

import asyncio
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.live import Live
from rich.table import Table

from deploy.commands.places import DataDir, find_installation
from deploy.commands.show import as_json, out, run

if TYPE_CHECKING:
    from deploy.operate.installation import Installation
    from deploy.operate.sampling import Rates, Sample


def watch(
    data_dir: DataDir = None,
    every: Annotated[float, typer.Option(min=0.5, help="Seconds between two looks.")] = 2.0,
    once: Annotated[bool, typer.Option("--once", help="One look, over that many seconds.")] = False,
    json: Annotated[bool, typer.Option("--json", help="For machines: JSON on stdout; with --once.")] = False,
) -> None:
    """Show live: requests, errors and p95 of each process, events, lag, jobs, memory and processor time."""
    from deploy.rollout.failure import NotDone

    if json and not once:
        raise typer.BadParameter("--json needs --once")
    installation = find_installation(data_dir)
    if installation.kind == "compose":
        words = ["top", f"--every={every}", *(["--once"] if once else []), *(["--json"] if json else [])]
        sys.exit(run(_inside(installation, words), NotDone))
    if not installation.runs:
        raise typer.BadParameter(f"no stack runs in {installation.data_dir}; ./bdx doctor says more")
    with suppress(KeyboardInterrupt):
        if once:
            _show_once(installation, every, json=json)
        else:
            run(_show_live(installation, every))


async def _inside(installation: "Installation", words: list[str]) -> int:
    from deploy.operate.inside import go_inside

    return go_inside(installation, *words, terminal=sys.stdout.isatty() and sys.stdin.isatty())


def _show_once(installation: "Installation", every: float, *, json: bool) -> None:
    from deploy.operate.sampling import jobs, rates

    before, after = run(_two(installation, every))
    found = rates(installation, before, after)
    if json:
        as_json(
            {"seconds": round(after.at - before.at, 2), "jobs": jobs(after), "processes": [_json(r) for r in found]}
        )
    else:
        out.print(_drawn(found, jobs(after)))


async def _two(installation: "Installation", every: float) -> tuple["Sample", "Sample"]:
    from deploy.operate.sampling import sample

    before = await sample(installation)
    await asyncio.sleep(every)
    return before, await sample(installation)


async def _show_live(installation: "Installation", every: float) -> None:
    from deploy.operate.sampling import jobs, rates, sample

    before = await sample(installation)
    with Live(_drawn([], {}), console=out, auto_refresh=False, screen=out.is_terminal) as live:
        while True:
            await asyncio.sleep(every)
            after = await sample(installation)
            live.update(_drawn(rates(installation, before, after), jobs(after)), refresh=True)
            before = after


def _drawn(found: list["Rates"], waiting: dict[str, float]) -> Table:
    caption = ", ".join(f"{count:.0f} {state}" for state, count in waiting.items() if count) or "no jobs wait"
    table = Table(title="Ctrl-C ends it", caption=caption)
    table.add_column("process")
    for name in ("requests/s", "errors/s", "p95", "published/s", "handled/s", "lag", "memory", "cpu"):
        table.add_column(name, justify="right")
    for each in found:
        if not each.answers:
            table.add_row(each.name, "[red]does not answer[/]")
            continue
        table.add_row(
            each.name,
            f"{each.requests:.1f}",
            f"[red]{each.errors:.1f}[/]" if each.errors else "0",
            "–" if each.p95 is None else f"{each.p95 * 1000:.0f} ms",
            f"{each.published:.1f}",
            f"{each.handled:.1f}",
            f"{each.lag:.0f}",
            "–" if each.memory is None else f"{each.memory / 1e6:.0f} MB",
            "–" if each.cpu is None else f"{each.cpu:.0%}",
        )
    return table


def _json(each: "Rates") -> dict[str, Any]:
    figures = {
        "requests_per_second": each.requests,
        "errors_per_second": each.errors,
        "p95_seconds": each.p95,
        "published_per_second": each.published,
        "handled_per_second": each.handled,
        "lag": each.lag,
        "memory_bytes": each.memory,
        "cpu": each.cpu,
    }
    rounded = {name: value if value is None else round(value, 4) for name, value in figures.items()}
    return {"name": each.name, "answers": each.answers, **rounded}
