"""Secrets come from files where the environment does not say them."""

from pathlib import Path

import pytest

from libs.common.secret_files import given, secrets_folder
from libs.common.settings import ServiceSettings


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path))
    monkeypatch.delenv("SECRET_KEY", raising=False)
    return tmp_path


def test_a_setting_comes_from_its_file_without_the_last_newline(folder: Path) -> None:
    (folder / "secret_key").write_text("from the file\n")
    assert ServiceSettings().secret_key.get_secret_value() == "from the file"
    assert given("SECRET_KEY") == "from the file"


def test_the_environment_wins(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "secret_key").write_text("from the file")
    monkeypatch.setenv("SECRET_KEY", "from the environment")
    assert ServiceSettings().secret_key.get_secret_value() == "from the environment"
    assert given("SECRET_KEY") == "from the environment"


def test_a_secret_in_a_file_counts_as_given_in_production(folder: Path) -> None:
    for name in ("secret_key", "database_url", "nats_url"):
        (folder / name).write_text("x")
    with pytest.raises(ValueError, match="production needs PUBLIC_BASE_URL, BLOB_URL, JWKS_URL"):
        ServiceSettings(environment="production")


def test_without_a_folder_there_are_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path / "nowhere"))
    assert secrets_folder() is None
    assert given("NO_SUCH_SECRET") == ""
