"""The code of another commit, also in a clone that was told to forget the past."""

import subprocess
from pathlib import Path

import pytest

from deploy.compatibility import history
from deploy.compatibility.history import NotInHistory, tree_of


def git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
    done = subprocess.run(["git", *who, *words], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def origin(tmp_path: Path) -> tuple[Path, str]:
    """A repository of two commits, and the first of them."""
    folder = tmp_path / "origin"
    folder.mkdir()
    git(folder, "init", "--quiet")
    for text in ("koala", "panda"):
        (folder / "animal").write_text(text)
        git(folder, "add", "animal")
        git(folder, "commit", "--quiet", "--message", text)
    return folder, git(folder, "rev-parse", "HEAD~1")


@pytest.fixture
def shallow(origin: tuple[Path, str], tmp_path: Path) -> Path:
    folder = tmp_path / "shallow"
    subprocess.run(["git", "clone", "--quiet", "--depth", "1", f"file://{origin[0]}", str(folder)], check=True)
    return folder


def test_the_tree_is_the_one_of_the_commit(origin: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "CHECKOUT", origin[0])
    with tree_of(origin[1]) as tree:
        assert (tree / "animal").read_text() == "koala"
    assert not tree.exists()


def test_a_shallow_clone_asks_where_it_came_from(
    origin: tuple[Path, str], shallow: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(origin[0], "config", "uploadpack.allowAnySHA1InWant", "true")
    monkeypatch.setattr(history, "CHECKOUT", shallow)
    with tree_of(origin[1]) as tree:
        assert (tree / "animal").read_text() == "koala"


def test_a_shallow_clone_without_an_origin_says_so(
    origin: tuple[Path, str], shallow: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(shallow, "remote", "remove", "origin")
    monkeypatch.setattr(history, "CHECKOUT", shallow)
    with pytest.raises(NotInHistory, match="git fetch --unshallow"), tree_of(origin[1]):
        pass


def test_files_without_a_repository_have_no_history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "CHECKOUT", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(NotInHistory):
        history.current_commit()
    with pytest.raises(NotInHistory), tree_of("0" * 40):
        pass
