"""Checkov's opinion of the manifests, but for what was thought about and is as it is (waived.yaml)."""

import json
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from deploy.check.outcome import Outcome
from deploy.check.tools import NotThere, python_tools

ARGUMENTS: Final = ("--framework", "kubernetes", "--skip-download", "--compact", "--quiet", "--output", "json")
WAIVED: Final = Path(__file__).with_name("waived.yaml")


def look(texts: Mapping[str, str]) -> Outcome:
    """A waiver that waives nothing is a finding as well."""
    name = "checkov"
    try:
        program = python_tools("checkov") / "checkov"
    except NotThere as why:
        return Outcome.skipped(name, str(why))
    waived: dict[str, dict[str, Any]] = yaml.safe_load(WAIVED.read_text())
    findings: list[str] = []
    used: set[str] = set()
    passed = 0
    for overlay, text in texts.items():
        answer = _ask(program, text)
        passed += answer["summary"]["passed"]
        for failed in answer["results"]["failed_checks"]:
            check, resource = failed["check_id"], failed["resource"]
            waiver = waived.get(check, {})
            if waiver and ("only" not in waiver or resource.rpartition(".")[2] in waiver["only"]):
                used.add(check)
            else:
                findings.append(f"{overlay}: {resource}: {failed['check_name']} ({check})")
    findings += [f"waived.yaml: {check} waives nothing" for check in sorted(set(waived) - used)]
    return Outcome.of(name, findings, f"{passed} passed, {len(waived)} waived with a reason")


def _ask(program: Path, text: str) -> Any:
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(text)
        file.flush()
        done = subprocess.run(
            [program, "--file", file.name, *ARGUMENTS],
            capture_output=True,
            text=True,
            check=False,
        )
    return json.loads(done.stdout)
