"""How this machine's pip finds its packages gets into a build, and not into an image."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.images.visitors import CERTIFICATES, folders_in, invited, read, written


def pip_reads(file: Path) -> dict[str, str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    said = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"],
        env={**environment, "PIP_CONFIG_FILE": str(file)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return read("\n".join(line for line in said.splitlines()))


def test_pip_reads_what_was_written(tmp_path: Path) -> None:
    settings = {"index-url": "https://one.example.org/simple", "extra-index-url": "https://two/%7e https://three/"}
    (tmp_path / "pip.conf").write_text(written(settings))
    found = pip_reads(tmp_path / "pip.conf")
    assert {name: found[name].split() for name in settings} == {name: settings[name].split() for name in settings}


def test_the_environment_wins_and_other_commands_do_not_count() -> None:
    listing = """:env:.timeout='9'
global.timeout='5'
global.cert='/ca.crt'
install.no-binary='x'
download.timeout='7'
not a setting"""
    assert read(listing) == {"timeout": "9", "cert": "/ca.crt", "no-binary": "x"}


def test_packages_that_lie_here_are_lent_each_once(tmp_path: Path) -> None:
    for name in ("wheels", "my index/simple"):
        (tmp_path / name).mkdir(parents=True)
    settings = {
        "find-links": f"{tmp_path}/wheels https://wheels.example.org",
        "extra-index-url": f"file://{tmp_path}/my%20index/simple file://{tmp_path}/gone",
        "no-index": "true",
        "trusted-host": "wheels",
    }
    # What an index links to lies beside it.
    assert list(folders_in(settings)) == [tmp_path / "wheels", tmp_path / "my index"]
    assert list(folders_in({**settings, "constraint": f"{tmp_path}/wheels"})) == list(folders_in(settings))


def test_certificates_come_along_and_nothing_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ca.crt").write_text("certificates")
    monkeypatch.setenv("PIP_CERT", str(tmp_path / "ca.crt"))
    monkeypatch.setenv("PIP_INDEX_URL", "https://me:secret@packages.example.org/simple")
    with invited() as visitors:
        file = visitors.secrets["pip"]
        assert visitors.secrets["certificates"] == tmp_path / "ca.crt"
        assert f"cert = {CERTIFICATES}" in file.read_text()
        assert "me:secret@packages.example.org" in file.read_text()
        assert file.parent.stat().st_mode & 0o077 == 0
    assert not file.exists()
