"""Secrets as files: a folder with one file for each, as compose and Kubernetes mount them."""

import os
from pathlib import Path
from typing import Final

USUAL_FOLDER: Final = "/run/secrets"


def secrets_folder() -> Path | None:
    """The folder `SECRETS_DIR`, or the usual one; None where there is none."""
    folder = Path(os.environ.get("SECRETS_DIR") or USUAL_FOLDER)
    return folder if folder.is_dir() else None


def given(name: str) -> str:
    """A setting of the environment, else of the file of its name in lower case; empty when there is neither."""
    if value := os.environ.get(name):
        return value
    folder = secrets_folder()
    path = folder / name.lower() if folder else None
    return path.read_text(encoding="utf-8").strip() if path and path.is_file() else ""
