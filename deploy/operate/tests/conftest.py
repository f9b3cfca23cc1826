"""A compose folder as an operator sets it up, and a running stack to be broken."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.stack import Stack
from deploy.new_secrets import new_secrets, write
from deploy.operate.embedded import embedded
from deploy.operate.installation import Installation
from deploy.operate.tests.project import Project
from deploy.rollout.place import HERE
from tests.mesh import Mesh

RUNNING = "OPERATE_DATA_DIR"
"""Names the data folder of a stack that runs already: quicker while one writes tests."""
AS_STARTED = dict(os.environ)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """deploy/ as it is after `docs/operations.md`: `.env` and secrets, nothing wrong."""
    folder = tmp_path / "deploy"
    folder.mkdir()
    shutil.copy(HERE / "compose.yml", folder)
    shutil.copytree(HERE / "nginx", folder / "nginx")
    (folder / ".env").write_text("PUBLIC_BASE_URL=https://dex.mueller.de\n")
    write(new_secrets(database="postgres:5432", bus="nats:4222"), folder / "secrets")
    return Project(folder)


@pytest.fixture(scope="package")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    """A stack of its own; every test mends what it breaks."""
    if running := os.environ.get(RUNNING):
        yield Mesh(Path(running))
        return
    folder = tmp_path_factory.mktemp("operated")
    with Stack(folder, environment=AS_STARTED | {"THROTTLE_ANON_RATE": "off"}, careless=True) as stack:
        yield Mesh(stack.data_dir)


@pytest.fixture
def stack(mesh: Mesh) -> Installation:
    return embedded(mesh.data_dir)
