"""`make demo`: the mesh comes up, two players walk through it, and it serves until Ctrl-C."""

import asyncio
import os
import tempfile
from pathlib import Path

import httpx
from rich.console import Console

from deploy.commands.walk import Broken, Refused, drawn, walk
from deploy.local.dev import with_stack
from deploy.local.stack import Stack


def run_demo(*, once: bool) -> int:
    """Returns 0 only if every step held. Its data are its own and gone afterwards, unless DATA_DIR is set."""
    # The walk makes more requests than an hour allows a stranger; whoever sets a limit keeps it.
    os.environ.setdefault("THROTTLE_ANON_RATE", "off")
    os.environ.setdefault("THROTTLE_UPLOAD_RATE", "off")
    if given := os.environ.get("DATA_DIR"):
        return with_stack(lambda stack: _show(stack, once=once), data_dir=Path(given))
    with tempfile.TemporaryDirectory(prefix="biologidex-demo-") as folder:
        return with_stack(lambda stack: _show(stack, once=once), data_dir=Path(folder))


def _show(stack: Stack, *, once: bool) -> int:
    console = Console(highlight=False)
    console.rule("[bold]BiologiDex")
    try:
        story = asyncio.run(walk(stack.url, console.print))
    except (Broken, Refused, httpx.HTTPError, KeyError) as error:
        console.print(f"[bold red]A step did not hold:[/] {error}")
        return 1
    console.print(drawn(story.tree))
    console.print(f"Open [bold]{stack.url}[/] · documentation {stack.url}/api/docs/")
    if once:
        return 0
    console.print("Ctrl-C ends it.")
    stack.wait()
    return 1
