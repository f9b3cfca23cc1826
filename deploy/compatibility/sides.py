"""Where one side of a comparison comes from: the code here, the published files, those of the release, or a commit.

A side is what every service publishes: by its name `openapi`, `events` and `calls`.
"""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from deploy.compatibility import calls
from deploy.compatibility.history import CHECKOUT, tree_of

PUBLISHED: Final = CHECKOUT / "schemas"
RELEASED: Final = PUBLISHED / "released"
DESCRIBING: Final = Path(__file__).with_name("describing.py")
KINDS: Final = ("openapi", "events", "calls")
CODE, FILES, RELEASE = "code", "published", "released"
AGES: Final = {RELEASE: 0, CODE: 1, FILES: 1}
"""Which of two sides is the older one; of a commit nobody knows."""

Side = dict[str, dict[str, Any]]


class NotDescribed(Exception):
    """A side cannot be had; the text says why."""


def side(name: str) -> Side:
    """`code`, `published`, `released`, or any commit.

    Raises:
        NotDescribed
    """
    if name == CODE:
        return of_checkout(CHECKOUT)
    if name == FILES:
        return kept_in(PUBLISHED)
    if name == RELEASE:
        return kept_in(RELEASED)
    with tree_of(name) as checkout:
        try:
            return of_checkout(checkout)
        except NotDescribed as error:
            raise NotDescribed(f"at {name}, {error}") from None


def of_checkout(checkout: Path) -> Side:
    """What the code of a checkout says of itself; takes some seconds.

    Raises:
        NotDescribed: it cannot be imported here.
    """
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-P", str(DESCRIBING)],
        capture_output=True,
        text=True,
        check=False,
        cwd=checkout,
        env=environment
        | {
            "PYTHONPATH": str(checkout),
            "PYTHONDONTWRITEBYTECODE": "1",
            "ENVIRONMENT": "test",
            # Nothing is asked there.
            "DATABASE_URL": "postgresql+asyncpg://nobody@127.0.0.1:1/nothing",
        },
    )
    if done.returncode:
        raise NotDescribed(f"{checkout} does not describe itself: {done.stderr.strip().splitlines()[-1]}")
    told: Side = json.loads(done.stdout)
    documents = {service: each["openapi"] for service, each in told.items()}
    for service, each in told.items():
        try:
            declared = calls.declared_by(service, checkout)
            each["calls"] = {"calls": calls.published(service, declared, documents)}
        except calls.NotThere as error:
            raise NotDescribed(f"services/{service}/{calls.FILE}: {error}") from None
        for more in ("forwards", "knows"):
            if more in each:
                each["calls"][more] = each.pop(more)
    return {service: with_version(each) for service, each in told.items()}


def with_version(told: dict[str, Any]) -> dict[str, Any]:
    """The same with the version of each document: what it says, as a number. It changes if and only if that does."""
    versioned = {}
    for kind in KINDS:
        document = {name: value for name, value in told[kind].items() if name != "version"}
        if kind == "openapi":
            document["info"] = {"title": document["info"]["title"], "version": ""}
        version = hashlib.sha256(as_text(document).encode()).hexdigest()[:12]
        if kind == "openapi":
            document["info"]["version"] = version
        else:
            document["version"] = version
        versioned[kind] = document
    return versioned


def kept_in(folder: Path) -> Side:
    """Raises:
    NotDescribed: nothing is kept there.
    """
    found = {
        file.parent.name: {kind: json.loads(file.with_name(f"{kind}.json").read_text()) for kind in KINDS}
        for file in sorted(folder.glob("*/openapi.json"))
    }
    if not found:
        raise NotDescribed(f"there is nothing in {folder}")
    return found


def keep(told: Side, folder: Path) -> None:
    """Writes a side; what of it has no service any more goes."""
    for old in set(kept_in(folder) if list(folder.glob("*/openapi.json")) else ()) - set(told):
        for kind in KINDS:
            (folder / old / f"{kind}.json").unlink()
        (folder / old).rmdir()
    for service, each in told.items():
        (folder / service).mkdir(parents=True, exist_ok=True)
        for kind in KINDS:
            (folder / service / f"{kind}.json").write_text(as_text(each[kind]))


def as_text(document: Any) -> str:
    """The same text for the same thing, always."""
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
