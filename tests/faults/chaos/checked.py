"""The one checker, `./bdx bus verify`, with all that this run knows."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any


async def checked(
    data_dir: Path, *, poison: Path, history: Path, ledger: Path, spare: int, patience: float
) -> dict[str, Any]:
    """What it found: `{"holds", "violations", …}`, or `{"holds": False, "error"}` where it could not look.

    spare  how many calls may have been billed twice, because the worker was killed in the middle of them
    """
    arguments = [
        *("bus", "verify", "--json", "--data-dir", str(data_dir), "--patience", str(patience)),
        *("--poison", str(poison)),
    ]
    arguments += ["--history", str(history), "--ledger", str(ledger), "--spare", str(spare)]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "deploy.commands", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complained = await process.communicate()
    try:
        found: dict[str, Any] = json.loads(said)
    except ValueError:
        return {"holds": False, "violations": [], "error": complained.decode(errors="replace")[-2000:]}
    return found
