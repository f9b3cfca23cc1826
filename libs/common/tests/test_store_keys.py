"""Keys to an object store: from files, never needed where the place has an identity of its own."""

import json
from pathlib import Path

import pytest

from libs.common.blobs import Blobs
from libs.common.store_keys import keys_for


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "GOOGLE_APPLICATION_CREDENTIALS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path))
    return tmp_path


def test_keys_of_amazon_reach_the_store(folder: Path) -> None:
    (folder / "aws_access_key_id").write_text("the-key\n")
    (folder / "aws_secret_access_key").write_text("the-secret\n")
    store = Blobs("s3://pictures", "https://biologidex.example.org")._store
    assert store.config["access_key_id"] == "the-key"
    assert store.config["secret_access_key"] == "the-secret"


def test_a_key_of_google_reaches_the_store(folder: Path) -> None:
    # Taken, and looked into: what is no key is refused.
    (folder / "google_service_account").write_text(json.dumps({"type": "service_account"}))
    with pytest.raises(Exception, match=r"(?i)service account|credential|missing field"):
        Blobs("gs://pictures", "https://biologidex.example.org")


@pytest.mark.parametrize("url", ["s3://pictures", "gs://pictures", "file:///tmp/pictures"])
def test_without_keys_nothing_is_made_up(folder: Path, url: str) -> None:
    assert keys_for(url) == {}


def test_a_folder_needs_no_keys(folder: Path) -> None:
    (folder / "aws_access_key_id").write_text("the-key")
    assert keys_for("file:///tmp/pictures") == {}
