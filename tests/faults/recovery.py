"""The recovery commands as a person runs them against the mesh: `./bdx bus …`, `./bdx graph …`."""

import asyncio
import json
import sys
from typing import Any

from tests.mesh import Mesh


async def bdx(mesh: Mesh, *arguments: str) -> tuple[int, str]:
    """Runs a command on the mesh's data folder; its exit code, and what it says on stdout."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "deploy.commands", *arguments, "--data-dir", str(mesh.data_dir)),
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


async def verified(mesh: Mesh, *options: str, patience: int = 30) -> set[tuple[str, str, str]]:
    """What the checker finds: invariant, place and key of each violation."""
    code, said = await bdx(mesh, "bus", "verify", "--json", "--patience", str(patience), *options)
    report: dict[str, Any] = json.loads(said)
    assert report["holds"] is (code == 0)
    return {(each["invariant"], each["where"], each["key"]) for each in report["violations"]}
