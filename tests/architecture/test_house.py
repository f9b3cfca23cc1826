"""The rules of the house (docs/house.md), executed: who may import whom, which rooms there are, who runs where."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

from deploy.local.topology import MESH
from libs.common.migrate import SERVICES as MIGRATED

ROOT = Path(__file__).parents[2]
SERVICES = sorted(path.name for path in (ROOT / "services").iterdir() if (path / "app.py").exists())
WITH_TABLES = [name for name in SERVICES if name != "gateway"]
ROOMS = {
    "README.md",
    "__init__.py",
    "app.py",
    "settings.py",
    "routes",
    "handlers",
    "schemas",
    "models",
    "migrations",
    "tests",
}
GATEWAY_ROOMS = {"README.md", "__init__.py", "app.py", "settings.py", "routes", "tests"}
FORBIDDEN = {"utils", "helpers", "service", "repository", "crud", "constants", "misc", "common"}
LONGEST_FILE = 300


def python_files(folder: str) -> Iterator[Path]:
    for path in sorted((ROOT / folder).rglob("*.py")):
        if "tests" not in path.parts and ".data" not in path.parts:
            yield path


def test_imports_go_only_where_they_may() -> None:
    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == 0


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_the_same_rooms(service: str) -> None:
    there = {path.name for path in (ROOT / "services" / service).iterdir()}
    stems = there | {name.removesuffix(".py") for name in there}
    assert (GATEWAY_ROOMS if service == "gateway" else ROOMS) <= stems
    if service == "gateway":
        assert not stems & {"models", "migrations"}


def test_no_room_is_called_after_nothing() -> None:
    named = [path for folder in ("services", "libs", "deploy") for path in python_files(folder)]
    house = {ROOT / "libs" / "common" / "service.py", ROOT / "libs" / "common" / "__init__.py"}
    assert [path for path in named if path.stem in FORBIDDEN and path not in house] == []


def test_no_file_is_a_hall() -> None:
    long = {
        path: count
        for folder in ("services", "libs", "deploy")
        for path in python_files(folder)
        if (count := len(path.read_text().splitlines())) > LONGEST_FILE
    }
    assert long == {}


def test_the_topology_runs_every_service() -> None:
    assert sorted({process.app.split(".")[1] for process in MESH.processes}) == SERVICES
    assert sorted(MESH.schemas) == sorted(WITH_TABLES) == sorted(MIGRATED)


def test_every_service_has_its_pinned_requirements() -> None:
    for name in [*SERVICES, "dev"]:
        text = (ROOT / "requirements" / f"{name}.txt").read_text()
        assert "--hash=sha256:" in text
        assert "://" not in text


def test_only_the_outbox_publishes_and_only_the_inbox_subscribes() -> None:
    """A publication without an acknowledgement, or a subscriber with the library's own policy, loses events."""
    calls = re.compile(r"\bbroker\.(publish|request|subscriber|publisher)\(|\bjs\.publish\(")
    allowed = {"libs/common/inbox.py", "libs/common/relay.py"}
    found = {
        str(path.relative_to(ROOT))
        for folder in ("services", "libs")
        for path in python_files(folder)
        if calls.search(path.read_text())
    }
    assert found <= allowed


@pytest.mark.parametrize("service", WITH_TABLES)
def test_capabilities_never_commit(service: str) -> None:
    for path in python_files(f"services/{service}"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr == "commit":
                raise AssertionError(f"{path} commits; that belongs to libs/common")


def test_every_module_says_what_it_is_for() -> None:
    for folder in ("services", "libs", "deploy"):
        for path in python_files(folder):
            if path.name != "__init__.py" and path.read_text().strip():
                assert ast.get_docstring(ast.parse(path.read_text())), f"{path} has no docstring"
