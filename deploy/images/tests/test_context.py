"""What is sent to whoever builds, and what of it lies in which image."""

from pathlib import Path

import pytest

from deploy.images.inside.lay_out import lay_out
from deploy.images.plan import ALL, CHECKOUT, OPERATORS
from deploy.images.tests.context import copied_files, copy_to, is_copied


@pytest.mark.parametrize(
    "path",
    [
        ".git/config",
        ".env",
        ".data/credentials.json",
        "deploy/.env",
        "deploy/secrets/users/jwt_private_key",
        "deploy/compose/front/certificates/privkey.pem",
        "deploy/k8s/overlays/prod/tls.key",
        "services/users/tests/test_tokens.py",
        "libs/common/testing.py",
        "libs/common/__pycache__/run.cpython-311.pyc",
        "tests/e2e/test_walk.py",
        "conftest.py",
    ],
)
def test_what_nobody_may_see_or_needs_is_not_sent(path: str) -> None:
    assert not is_copied(path)


def test_what_git_does_not_keep_below_deploy_is_not_sent() -> None:
    ignored = [line.strip("/") for line in (CHECKOUT / ".gitignore").read_text().splitlines() if "/deploy/" in line]
    assert ignored
    assert [path for path in ignored if is_copied(path) or is_copied(f"{path}/inside")] == []


def test_all_that_runs_is_sent() -> None:
    sent = set(copied_files())
    missing = [
        path
        for folder in ("libs", "services")
        for path in (str(file.relative_to(CHECKOUT)) for file in (CHECKOUT / folder).rglob("*.py"))
        if path not in sent and "/tests/" not in path and path != "libs/common/testing.py"
    ]
    assert missing == []
    assert {f"requirements/{service}.txt" for service in ALL} <= sent
    assert {
        "LICENSE",
        "NOTICE",
        "services/users/common_passwords.txt",
        "services/vision/data/imagenet_taxa.csv",
    } <= sent


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_to(tmp_path_factory.mktemp("checkout"))


@pytest.mark.parametrize("service", [service for service in ALL if service != OPERATORS])
def test_an_image_holds_the_libraries_and_its_own_service(service: str, checkout: Path, tmp_path: Path) -> None:
    lay_out(service, checkout, tmp_path / "app")
    app = tmp_path / "app"
    assert {path.name for path in app.iterdir()} == {"libs", "services", "alive.py", "LICENSE", "NOTICE", "__pycache__"}
    assert {path.name for path in (app / "services").iterdir()} == {service, "__init__.py", "__pycache__"}
    assert [path for path in app.rglob("*") if path.name in ("tests", "conftest.py")] == []


def test_bytecode_is_there_and_is_never_looked_up_again(checkout: Path, tmp_path: Path) -> None:
    lay_out("dex", checkout, tmp_path / "app")
    sources = list((tmp_path / "app").rglob("*.py"))
    compiled = list((tmp_path / "app").rglob("*.pyc"))
    assert len(compiled) == len(sources) > 100
    # By a hash (bit 0) that is not checked (bit 1).
    assert {int.from_bytes(path.read_bytes()[4:8], "little") for path in compiled} == {0b01}


def test_operators_have_all_of_it(checkout: Path, tmp_path: Path) -> None:
    lay_out(OPERATORS, checkout, tmp_path / "app")
    app = tmp_path / "app"
    for needed in ("deploy/roles.py", "deploy/commands/__main__.py", "services/users/app.py", "services/graph/app.py"):
        assert (app / needed).exists()


def test_files_that_only_their_owner_may_read_are_readable_in_an_image(checkout: Path, tmp_path: Path) -> None:
    private = checkout / "libs" / "common" / "run.py"
    private.chmod(0o600)
    lay_out("dex", checkout, tmp_path / "app")
    assert (tmp_path / "app" / "libs" / "common" / "run.py").stat().st_mode & 0o777 == 0o644
