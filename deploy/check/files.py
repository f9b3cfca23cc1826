"""The files as they are written: YAML, the Dockerfile, compose."""

import subprocess
from pathlib import Path
from typing import Final

from deploy.check.outcome import Outcome
from deploy.check.tools import CHECKOUT, NotThere, python_tools

RULES: Final = Path(__file__).with_name("yamllint.yaml")
DEPLOY: Final = CHECKOUT / "deploy"
NODE: Final = "node_modules"


def yaml_is_tidy() -> Outcome:
    written = [
        path for ending in ("*.yaml", "*.yml") for path in sorted(DEPLOY.rglob(ending)) if NODE not in path.parts
    ]
    return _ask("yamllint", ["yamllint", "--strict", "--format", "parsable", "--config-file", str(RULES)], written)


def the_dockerfile_is_good() -> Outcome:
    return _ask("hadolint", ["hadolint"], sorted(DEPLOY.glob("Dockerfile*")))


def compose_is_valid() -> Outcome:
    schema = ["check-jsonschema", "--builtin-schema", "vendor.compose-spec"]
    return _ask("schema of compose", schema, sorted(DEPLOY.glob("compose*.yml")))


def _ask(name: str, command: list[str], files: list[Path]) -> Outcome:
    if not files:
        return Outcome.skipped(name, "there is no such file")
    try:
        program = python_tools("check-deploy") / command[0]
    except NotThere as why:
        return Outcome.skipped(name, str(why))
    done = subprocess.run([program, *command[1:], *files], capture_output=True, text=True, check=False, cwd=CHECKOUT)
    said = (done.stdout + done.stderr).replace(f"{CHECKOUT}/", "").strip()
    return Outcome.of(name, said.splitlines() if done.returncode else [], f"{len(files)} files")
