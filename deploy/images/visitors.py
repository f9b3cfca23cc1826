"""What only visits while an image is built and stays in none: how this machine's pip finds its packages."""

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from urllib.parse import unquote, urlsplit

CERTIFICATES: Final = "/etc/pip-certificates.crt"
"""Where the Dockerfile puts the secret of this kind."""
SECTIONS: Final = ("global", "install", ":env:")
INDEXES: Final = ("index-url", "extra-index-url")


@dataclass(frozen=True)
class Visitors:
    """`secrets`: files by the names that the Dockerfile asks for; `folders`: packages that lie on this machine."""

    secrets: Mapping[str, Path]
    folders: tuple[Path, ...]


@contextmanager
def invited() -> Iterator[Visitors]:
    """This machine's settings of pip, from its files and PIP_*; they are gone from the disk afterwards."""
    settings = read(pip_says())
    with TemporaryDirectory() as folder:
        secrets = {}
        if (certificates := settings.get("cert")) and Path(certificates).is_file():
            secrets["certificates"] = Path(certificates)
            settings["cert"] = CERTIFICATES
        if settings:
            secrets["pip"] = Path(folder) / "pip.conf"
            secrets["pip"].write_text(written(settings))
        yield Visitors(secrets, tuple(folders_in(settings)))


def pip_says() -> str:
    """`pip config list`; nothing where there is no pip."""
    asked = (sys.executable, "-m", "pip", "config", "list")
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout


def read(listing: str) -> dict[str, str]:
    """Names and values of what concerns an installation; the environment's win, as they do in pip."""
    found: dict[str, dict[str, str]] = {section: {} for section in SECTIONS}
    for line in listing.splitlines():
        key, is_setting, value = line.partition("=")
        section, _, name = key.rpartition(".")
        if is_setting and section in found:
            found[section][name] = str(ast.literal_eval(value))
    return {name: value for section in SECTIONS for name, value in found[section].items()}


def written(settings: Mapping[str, str]) -> str:
    """As pip reads it; a value of several lines goes on indented."""
    further = "\n    "
    lines = [f"{name} = {further.join(value.split())}" for name, value in settings.items()]
    return "\n".join(("[global]", *lines, ""))


def folders_in(settings: Mapping[str, str]) -> Iterator[Path]:
    """The folders that settings speak of, as paths or as file:// addresses, each once.

    Of an index it is the one around it: what an index links to lies beside it.
    """
    seen = set()
    for name, value in settings.items():
        for word in value.split():
            path = Path(unquote(urlsplit(word).path) if word.startswith("file://") else word)
            if not path.is_absolute() or not path.is_dir():
                continue
            lent = path.parent if name in INDEXES and path.parent != Path(path.anchor) else path
            if lent not in seen:
                seen.add(lent)
                yield lent
