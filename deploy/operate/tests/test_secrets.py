"""Secrets as files, made by the house's own command and then spoilt."""

import re
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from deploy.new_secrets import new_secrets
from deploy.operate.tests.project import Project


def password_of(path: Path) -> str:
    return re.search(r":([^:@/]+)@", path.read_text())[1]  # type: ignore[index]


@pytest.mark.parametrize(
    "name", ["users/jwt_private_key", "dex/database_url", "gateway/nats_url", "nats/passwords.conf"]
)
def test_a_file_is_missing(project: Project, name: str) -> None:
    project.secret(name).unlink()
    assert "secrets.missing" in project.found()


def test_there_are_no_secrets_at_all(project: Project) -> None:
    for path in sorted(project.secret("").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    assert "secrets.missing" in project.found()


def test_others_may_read(project: Project) -> None:
    project.secret("").chmod(0o755)
    assert project.found() == ["secrets.open-to-others"]


@pytest.mark.parametrize(("name", "mode"), [("dex/secret_key", 0o600), ("dex", 0o700)])
def test_the_containers_user_cannot_read(project: Project, name: str, mode: int) -> None:
    project.secret(name).chmod(mode)
    assert project.found() == ["secrets.closed-to-containers"]


def test_a_key_that_can_be_guessed(project: Project) -> None:
    for path in project.secret("").glob("*/secret_key"):
        path.write_text("biologidex")
    assert project.found() == ["secrets.weak"]


def test_a_password_that_can_be_guessed(project: Project) -> None:
    path = project.secret("dex/database_url")
    path.write_text(path.read_text().replace(password_of(path), "aaaaaaaaaaaaaaaaaaaaaaa"))
    assert project.found() == ["secrets.weak"]


def test_two_with_the_same_password(project: Project) -> None:
    one, other = project.secret("dex/database_url"), project.secret("users/database_url")
    one.write_text(one.read_text().replace(password_of(one), password_of(other)))
    assert project.found() == ["secrets.equal"]


def test_the_key_of_one_service_differs(project: Project) -> None:
    project.secret("graph/secret_key").write_text("another-key-that-is-long-enough-0123456789")
    assert project.found() == ["secrets.secret-key-differs"]


@pytest.mark.parametrize("name", ["dex/nats_url", "gateway/nats_url", "provision/nats_url"])
def test_the_bus_knows_another_password(project: Project, name: str) -> None:
    path = project.secret(name)
    path.write_text(path.read_text().replace(password_of(path), "another-password-0123456789"))
    assert project.found() == ["secrets.bus-password-differs"]


def test_an_address_of_somebody_else(project: Project) -> None:
    path = project.secret("dex/database_url")
    path.write_text(path.read_text().replace("//dex:", "//users:"))
    assert project.found() == ["secrets.address"]


def test_the_administrator_has_two_passwords(project: Project) -> None:
    project.secret("postgres-admin/password").write_text("another-password-0123456789")
    assert project.found() == ["secrets.admin-password-differs"]


def test_a_key_of_another_kind(project: Project) -> None:
    rsa = generate_private_key(65537, 2048)
    pem = rsa.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    project.secret("users/jwt_private_key").write_bytes(pem)
    assert project.found() == ["keys.wrong-type"]


def test_a_key_that_is_none(project: Project) -> None:
    project.secret("users/jwt_private_key").write_text("secret")
    assert project.found() == ["keys.wrong-type"]


def test_a_key_under_the_name_of_another(project: Project) -> None:
    other = new_secrets(database="postgres:5432", bus="nats:4222")["users"]
    project.secret("users/jwt_private_key").write_text(other["jwt_private_key"])
    assert project.found() == ["keys.id-of-another"]


def test_a_name_of_ones_own_is_fine(project: Project) -> None:
    project.secret("users/jwt_key_id").write_text("spring-2027")
    assert project.found() == []


def test_retired_keys_that_cannot_be_read(project: Project) -> None:
    project.secret("users/jwt_retired_keys").write_text('{"old": "no key"}')
    assert project.found() == ["keys.retired-broken"]
