"""What an image tells of where it comes from."""

import subprocess
from pathlib import Path

import pytest

from deploy.images.plan import UNKNOWN, state_of_the_checkout


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    return subprocess.run(
        ("git", *who, *arguments), cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "libs").mkdir()
    (tmp_path / "libs" / "a.py").write_text("")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "one", "--date", "2026-01-02T03:04:05Z")
    return tmp_path


def test_the_commit_is_the_tag(folder: Path) -> None:
    commit = git(folder, "rev-parse", "HEAD")
    state = state_of_the_checkout(folder)
    assert state.revision == commit
    assert state.tags == (commit[:12], "latest")
    assert state.at == git(folder, "show", "--no-patch", "--format=%cI")
    assert state == state_of_the_checkout(folder)


def test_what_has_been_changed_is_not_called_by_the_commit_alone(folder: Path) -> None:
    (folder / "notes.md").write_text("not in any image")
    assert not state_of_the_checkout(folder).changed
    (folder / "libs" / "b.py").write_text("")
    state = state_of_the_checkout(folder)
    assert state.revision == f"{git(folder, 'rev-parse', 'HEAD')}-changed"
    assert state.tags[0].endswith("-changed")


def test_a_copy_without_git_is_unknown(tmp_path: Path) -> None:
    state = state_of_the_checkout(tmp_path)
    assert (state.revision, state.tags, state.source) == (UNKNOWN, ("latest",), UNKNOWN)


@pytest.mark.parametrize(
    ("origin", "source"),
    [
        ("https://somebody:token@git.example.org:8443/b.git", "https://git.example.org:8443/b.git"),
        ("https://git.example.org/b.git?private_token=x", "https://git.example.org/b.git"),
        ("/srv/somebody/b.git", UNKNOWN),
        ("git@git.example.org:b.git", UNKNOWN),
    ],
)
def test_the_source_is_told_without_credentials(folder: Path, origin: str, source: str) -> None:
    git(folder, "remote", "add", "origin", origin)
    assert state_of_the_checkout(folder).source == source
