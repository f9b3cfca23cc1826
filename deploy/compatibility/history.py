"""The code as it was at a commit, beside the code as it is."""

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

CHECKOUT: Final = Path(__file__).parents[2]
RELEASE_FILE: Final = CHECKOUT / "schemas" / "released" / "release.json"

WHOLE_NAME: Final = re.compile(r"[0-9a-f]{40}")


class NotInHistory(Exception):
    """This checkout has no such commit, and cannot fetch it; the text says so in one line."""


def released_commit() -> str:
    """The commit whose code went out last."""
    found: str = json.loads(RELEASE_FILE.read_text())["commit"]
    return found


def remember_release(commit: str) -> None:
    RELEASE_FILE.write_text(json.dumps({"commit": commit}, indent=1) + "\n")


def current_commit() -> str:
    """Raises:
    NotInHistory: this is no git checkout.
    """
    return _git("rev-parse", "HEAD")


@contextmanager
def tree_of(commit: str) -> Iterator[Path]:
    """A folder with all files of a commit, gone afterwards.

    Raises:
        NotInHistory
    """
    _bring(commit)
    with tempfile.TemporaryDirectory(prefix="biologidex-") as folder:
        with tempfile.TemporaryFile() as archive:
            subprocess.run(["git", "archive", commit], cwd=CHECKOUT, stdout=archive, check=True)
            archive.seek(0)
            subprocess.run(["tar", "-x", "-C", folder], stdin=archive, check=True)
        yield Path(folder)


def _bring(commit: str) -> None:
    if shutil.which("git") is None:
        raise NotInHistory("git is not there (Debian: apt-get install git)")
    try:
        _git("cat-file", "-e", f"{commit}^{{commit}}")
    except NotInHistory:
        _fetch(commit)


def _fetch(commit: str) -> None:
    """A shallow clone may ask where it came from; a whole one has what there is."""
    missing = NotInHistory(f"commit {commit[:12]} is not in this clone")
    if not WHOLE_NAME.fullmatch(commit) or _git("rev-parse", "--is-shallow-repository") != "true":
        raise missing
    try:
        _git("fetch", "--quiet", "--depth", "1", "origin", commit)
    except NotInHistory:
        raise NotInHistory(f"{missing}, and its origin does not hand it out: git fetch --unshallow") from None


def _git(*words: str) -> str:
    try:
        done = subprocess.run(["git", *words], cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=60)
    except subprocess.TimeoutExpired:
        raise NotInHistory(f"git {words[0]} does not answer") from None
    if done.returncode:
        raise NotInHistory(done.stderr.strip().partition("\n")[0] or f"git {words[0]} does not answer here")
    return done.stdout.strip()
