"""Runs a command of ours in the container `commands`, where private addresses can be reached, and takes its JSON."""

import json
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any, Final

from deploy.local.topology import MESH
from deploy.operate.composed import GATEWAYS
from deploy.operate.installation import Installation
from deploy.rollout.engine import Engine, find_engine
from deploy.rollout.failure import NotDone
from deploy.rollout.place import Place

SERVICE: Final = "commands"
SECONDS: Final = 60.0
USUAL_PORT: Final = "8000"
MONITOR: Final = "http://nats:8222"


def ask_inside(installation: Installation, *words: str) -> dict[str, Any]:
    """What `bdx WORDS --json` says in there; whatever its exit code, as long as it says something.

    Raises:
        NotDone: there is no engine, or the container says nothing that can be read.
    """
    place = Place()
    command = _command(find_engine(place), place, addresses(installation), [*words, "--json"], terminal=False)
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
        found: dict[str, Any] = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        raise NotDone(f"the container `commands` has said nothing for {SECONDS:.0f} s") from None
    except ValueError:
        reason = (done.stderr.strip() or done.stdout.strip() or "nothing was said").splitlines()[-1]
        raise NotDone(f"the container `commands`: {reason}") from None
    return found


def go_inside(installation: Installation, *words: str, terminal: bool) -> int:
    """Runs `bdx WORDS` in there, on this terminal; returns its exit code.

    Raises:
        NotDone: there is no engine.
    """
    place = Place()
    command = _command(find_engine(place), place, addresses(installation), words, terminal=terminal)
    return subprocess.run(command, check=False).returncode


def addresses(installation: Installation) -> dict[str, str]:
    """What the gateway is told of the others, and where the gateways themselves are: nothing secret."""
    gateways = [name for name in GATEWAYS if name in installation.told]
    told = installation.told[gateways[0]] if gateways else {}
    found = {process.address: told.get(process.address, "") for process in MESH.processes}
    found |= {"GATEWAY_URL": ",".join(f"http://{name}:{told.get('PORT') or USUAL_PORT}" for name in gateways)}
    return found | {"NATS_MONITOR_URL": MONITOR, "PUBLIC_BASE_URL": installation.public_url}


def _command(
    engine: Engine, place: Place, told: Mapping[str, str], words: Sequence[str], *, terminal: bool
) -> list[str]:
    files = [word for path in place.files for word in ("-f", str(path))]
    settings = ["--env-file", str(place.settings)] if place.settings.exists() else []
    given = [word for name, value in told.items() if value for word in ("-e", f"{name}={value}")]
    run = ["run", "--rm", "--no-deps", *([] if terminal else ["-T"]), *given, SERVICE]
    # podman-compose does not know a service whose profile is not named; docker does.
    chosen = ["-p", place.project, *files, *settings, "--profile", SERVICE]
    return [*shlex.split(engine.name), *chosen, *run, *words]
