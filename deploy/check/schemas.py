"""The manifests against the schemas of Kubernetes, and of the operators whose kinds they use."""

import json
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from deploy.check.cluster import Cluster
from deploy.check.outcome import Outcome
from deploy.check.tools import NotThere, node_packages, python_tools

CRDS: Final = Path(__file__).parent / "crds"
OURS: Final = "biologidex"
BUILT_IN: Final = ("k8s.io",)


def of_kubernetes(texts: Mapping[str, str]) -> Outcome:
    """`texts`: the rendering of each overlay. Kinds of operators are not known here; `of_operators` looks at them."""
    name = "schemas of Kubernetes"
    try:
        program = python_tools("check-deploy") / "kubernetes-validate"
    except NotThere as why:
        return Outcome.skipped(name, str(why))
    findings: list[str] = []
    for overlay, text in texts.items():
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(text)
            file.flush()
            done = subprocess.run(
                [program, "--strict", "--quiet", "--no-warn", file.name], capture_output=True, text=True, check=False
            )
        if done.returncode:
            said = (done.stdout + done.stderr).replace(file.name, overlay).strip()
            findings += [f"{overlay}: {line}" for line in said.splitlines()]
    return Outcome.of(name, findings, f"{len(texts)} overlays")


def of_operators(clusters: Mapping[str, Cluster]) -> Outcome:
    """Kinds that are not Kubernetes' own."""
    name = "schemas of operators"
    try:
        folder = node_packages(CRDS)
    except NotThere as why:
        return Outcome.skipped(name, str(why))
    findings: list[str] = []
    unknown: set[str] = set()
    count = 0
    for overlay, cluster in clusters.items():
        theirs = [document for document in cluster.documents if _is_of_an_operator(document["apiVersion"])]
        done = subprocess.run(
            ["node", CRDS / "validate.mjs", folder],
            input=json.dumps(theirs),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            return Outcome(name, "bad", (f"{overlay}: {done.stderr.strip().splitlines()[-1]}",))
        count += len(theirs)
        for line in json.loads(done.stdout):
            if line.startswith("?"):
                unknown.add(line[1:])
            else:
                findings.append(f"{overlay}: {line}")
    without = f"; no schema here for {', '.join(sorted(unknown))}" if unknown else ""
    return Outcome.of(name, findings, f"{count} documents{without}")


def _is_of_an_operator(version: str) -> bool:
    group, slash, _ = version.partition("/")
    return bool(slash) and "." in group and (group == "gateway.networking.k8s.io" or not group.endswith(BUILT_IN))
