"""The rules for manifests find what is wrong: each case breaks a rendering in one way, as somebody might in a hurry."""

import os
from copy import deepcopy
from functools import cache
from pathlib import Path

import pytest

from deploy.check import calls
from deploy.check.cluster import Cluster, Document
from deploy.check.house import RULES, findings, images, networks
from deploy.check.rendering import HOW_TO_INSTALL, K8S, cluster_of, has_kubectl, overlays, render
from deploy.local.topology import MESH
from tests.deploy import broken_labels, broken_mesh, broken_networks, broken_pods, broken_references
from tests.deploy.manifests import Breaks, Manifests

BREAKS: Breaks = {
    **broken_labels.BREAKS,
    **broken_references.BREAKS,
    **broken_pods.BREAKS,
    **broken_mesh.BREAKS,
    **broken_networks.BREAKS,
}
OF_FILES = {networks.the_code_calls_as_the_design_says, images.they_are_those_of_compose}
"""Held against files, not only against a rendering."""

if not has_kubectl():
    pytest.skip(HOW_TO_INSTALL, allow_module_level=True)


@cache
def rendered() -> list[Document]:
    return cluster_of(render(K8S / "overlays" / "prod")).documents


@pytest.fixture
def prod() -> list[Document]:
    return rendered()


@cache
def found(what: str) -> dict[str, list[str]]:
    """By rule, what is found after this was done."""
    broken = Manifests(deepcopy(rendered()))
    breaks, _ = BREAKS[what]
    breaks(broken)
    cluster = Cluster(broken.documents)
    return {rule.__name__: lines for rule in RULES if (lines := list(rule(cluster)))}


@pytest.mark.parametrize("what", BREAKS)
def test_what_is_wrong_is_found(what: str) -> None:
    _, words = BREAKS[what]
    lines = [line for of_a_rule in found(what).values() for line in of_a_rule]
    assert any(words in line for line in lines), lines


def test_every_rule_finds_something() -> None:
    """Of a rule that none of the cases above meets nobody knows whether it works."""
    met = {rule for what in BREAKS for rule in found(what)}
    assert {rule.__name__ for rule in RULES} == met | {rule.__name__ for rule in OF_FILES}


def test_every_overlay_is_in_order() -> None:
    for overlay in overlays():
        assert findings(cluster_of(render(overlay))) == [], overlay.name


def test_an_outside_database_and_nothing_more(tmp_path: Path) -> None:
    """The least that an installation may be made of: the mesh, and the way to a database elsewhere."""
    base = os.path.relpath(K8S, tmp_path)
    (tmp_path / "kustomization.yaml").write_text(
        f"""\
namespace: biologidex
resources: [{base}/base]
components: [{base}/components/external-database]
configMapGenerator:
  - name: mesh
    behavior: merge
    literals: [PUBLIC_BASE_URL=https://biologidex.example.org, BLOB_URL=gs://pictures]
images:
"""
        + "".join(f"  - {{name: biologidex/{name}, newTag: dev}}\n" for name in (*MESH.schemas, "gateway", "ops"))
    )
    assert findings(cluster_of(render(tmp_path))) == []


def test_a_call_that_the_design_does_not_know(
    prod: list[Document], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "social").mkdir()
    (tmp_path / "social" / "people.py").write_text('await peers.get("users", path)\nawait peers.post(\n "dex", path)\n')
    monkeypatch.setattr(calls, "SERVICES_FOLDER", tmp_path)
    found = list(networks.the_code_calls_as_the_design_says(Cluster(prod)))
    assert "social asks dex, users; by the design users" in found
    assert "users asks nobody; by the design vision" in found


def test_another_version_in_compose(prod: list[Document], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compose = tmp_path / "compose.yml"
    names = ("users", "animals", "dex", "social", "vision", "vision-worker", "gateway-1")
    compose.write_text(
        "services:\n"
        + "".join(f"  {name}: {{}}\n" for name in names)
        + "  front: {image: '${NGINX_IMAGE:-docker.io/library/nginx:1.29-alpine}'}\n"
        + "  nats: {image: docker.io/library/nats:2.9-alpine}\n"
    )
    monkeypatch.setattr(images, "COMPOSE", compose)
    assert list(images.they_are_those_of_compose(Cluster(prod))) == [
        "compose has no graph",
        "nats is docker.io/library/nats:2.15.1-alpine here, and docker.io/library/nats:2.9-alpine in compose",
    ]
