"""Reads .dockerignore as docker does: the last line that names a file, or a folder it lies in, decides."""

import re
from collections.abc import Iterator
from pathlib import Path

from deploy.images.plan import CHECKOUT

FOLDERS = ("libs", "services", "deploy", "requirements", "tests", "docs")


def is_copied(path: str) -> bool:
    """Whether a file of the checkout, named from its root, is sent to whoever builds images."""
    copied = True
    for line in (CHECKOUT / ".dockerignore").read_text().splitlines():
        pattern = line.removeprefix("!")
        if line and not line.startswith("#") and re.fullmatch(_as_expression(pattern), path):
            copied = line.startswith("!")
    return copied


def copied_files() -> Iterator[str]:
    """Those of this checkout, as it lies there."""
    there = [path for path in CHECKOUT.iterdir() if path.is_file()]
    there += [path for folder in FOLDERS for path in (CHECKOUT / folder).rglob("*") if path.is_file()]
    names = (str(path.relative_to(CHECKOUT)) for path in sorted(there))
    return (name for name in names if is_copied(name))


def copy_to(folder: Path) -> Path:
    """The checkout as a build sees it."""
    for name in copied_files():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes((CHECKOUT / name).read_bytes())
    return folder


def _as_expression(pattern: str) -> str:
    parts = (re.escape(part).replace(r"\*", "[^/]*") for part in pattern.removeprefix("**/").split("/"))
    return ("(?:.*/)?" if pattern.startswith("**/") else "") + "/".join(parts) + "(?:/.*)?"
