"""Has Prometheus and Alertmanager read their files, and each alert fire and be silent as its tests say."""

import shutil
import subprocess
from collections.abc import Iterator
from typing import Final

from deploy.check.outcome import Outcome
from deploy.check.tools import CHECKOUT

PROMETHEUS: Final = CHECKOUT / "deploy" / "prometheus"
ALERTMANAGER: Final = CHECKOUT / "deploy" / "alertmanager" / "alertmanager.yml"
PACKAGES: Final = {"promtool": "prometheus", "amtool": "prometheus-alertmanager"}
LAST_LINES: Final = 40


def look() -> Iterator[Outcome]:
    """Prometheus with its rules, the tests of the alerts, Alertmanager."""
    config, tests = PROMETHEUS / "prometheus.yml", sorted((PROMETHEUS / "tests").glob("*.yml"))
    # Rules are read by it as well: they are named in its file.
    yield ask("configuration of Prometheus", ["promtool", "check", "config", str(config)], "with its rules")
    yield ask("tests of alerts", ["promtool", "test", "rules", *map(str, tests)], f"{len(tests)} files")
    yield ask("configuration of Alertmanager", ["amtool", "check-config", str(ALERTMANAGER)], "1 file")


def ask(name: str, command: list[str], looked_at: str) -> Outcome:
    """Runs one of Prometheus' own tools; skipped where it is missing."""
    if why := missing(command[0]):
        return Outcome.skipped(name, why)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = [line for line in (done.stdout + done.stderr).replace(f"{CHECKOUT}/", "").splitlines() if line.strip()]
    return Outcome.of(name, said[-LAST_LINES:] if done.returncode else [], looked_at)


def missing(tool: str) -> str:
    """In one line why a tool cannot be had here; empty if it can."""
    package = PACKAGES[tool]
    return (
        "" if shutil.which(tool) else f"{tool} is not there (Debian: apt-get install --no-install-recommends {package})"
    )
