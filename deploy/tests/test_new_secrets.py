"""A fresh set of secrets is what production needs, for every process."""

import os
from pathlib import Path

import pytest

from deploy.check.cluster import DECLARED_SECRETS, Cluster
from deploy.check.house.settings import settings_of
from deploy.check.rendering import K8S
from deploy.local.topology import MESH
from deploy.new_secrets import main
from services.users.settings import UsersSettings

GIVEN_BY_OTHERS = {"backups"}
"""The key to a bucket; nobody can make one up."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "secrets"
    assert main([str(made), "--database", "db.example.org:5432"]) == 0
    return made


def test_production_starts_with_them(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for file in (K8S / "base" / "mesh.env", K8S / "overlays" / "prod" / "mesh.env"):
        for line in file.read_text().splitlines():
            monkeypatch.setenv(*line.split("=", 1))
    for process in MESH.processes:
        monkeypatch.setenv("SECRETS_DIR", str(folder / process.service))
        for path in (folder / process.service).iterdir():
            monkeypatch.delenv(path.name.upper(), raising=False)
        settings = settings_of(process.service)()
        assert settings.environment == "production"
        assert process.service in settings.nats_url.get_secret_value()
        if process.schema:
            assert f"{process.schema}:" in settings.database_url.get_secret_value()
            assert "@db.example.org:5432/biologidex" in settings.database_url.get_secret_value()
        if isinstance(settings, UsersSettings):
            assert settings.keyring


def test_every_declared_key_is_made(folder: Path) -> None:
    declared = Cluster([]).secrets
    assert DECLARED_SECRETS.exists()
    for name in declared.keys() - GIVEN_BY_OTHERS:
        made = {path.name for path in (folder / name).iterdir()}
        assert set(declared[name]["required"]) <= made <= set(Cluster([]).keys_of(name)), name


def test_they_are_for_their_owner_only(folder: Path) -> None:
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_container_of_another_user_reads_what_is_mounted_into_it(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        main([str(tmp_path / "made")])
    finally:
        os.umask(before)
    for path in (tmp_path / "made").rglob("*"):
        assert path.stat().st_mode & 0o777 == (0o755 if path.is_dir() else 0o644), path


def test_they_are_never_overwritten(folder: Path) -> None:
    before = (folder / "users" / "jwt_private_key").read_text()
    assert main([str(folder)]) == 1
    assert (folder / "users" / "jwt_private_key").read_text() == before


def test_no_two_sets_are_alike(folder: Path, tmp_path: Path) -> None:
    main([str(tmp_path / "another")])
    for path in (path for path in folder.rglob("*") if path.is_file() and path.name != "username"):
        assert path.read_text() != (tmp_path / "another" / path.relative_to(folder)).read_text()
