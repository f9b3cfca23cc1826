"""What `deploy/compose.yml` with its `.env` tells each service: settings, secrets as files, image, published ports."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

MOST_DEPTH: Final = 10


@dataclass(frozen=True, slots=True)
class Service:
    """One service of the project.

    secrets  key → the file on this host · ports: what it publishes, as written
    """

    name: str
    environment: dict[str, str]
    secrets: dict[str, Path]
    image: str
    ports: tuple[str, ...]
    volumes: tuple[tuple[Path, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ComposeFile:
    """All services, and the variables that the file has a place for; `hands_on_all`: some get all of `.env`."""

    services: dict[str, Service]
    variables: frozenset[str]
    hands_on_all: bool = False

    @classmethod
    def read(cls, path: Path, given: Mapping[str, str]) -> "ComposeFile":
        """Raises OSError, yaml.YAMLError, KeyError, ValueError: it cannot be read or is none."""
        text = path.read_text()
        written: dict[str, Any] = yaml.safe_load(text)
        files = {name: path.parent / told["file"] for name, told in (written.get("secrets") or {}).items()}
        seen: set[str] = set()

        def filled(value: Any) -> Any:
            if isinstance(value, str):
                return fill(value, given, seen)
            if isinstance(value, dict):
                return {key: filled(each) for key, each in value.items()}
            return [filled(each) for each in value] if isinstance(value, list) else value

        services = {
            name: _service(name, filled(told), {key: filled(str(file)) for key, file in files.items()}, path.parent)
            for name, told in written["services"].items()
        }
        return cls(services, frozenset(seen), any(told.get("env_file") for told in written["services"].values()))


def fill(text: str, given: Mapping[str, str], seen: set[str], depth: int = 0) -> str:
    """Puts values into `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME-default}`, `${NAME:?…}`, `${NAME:+…}`."""
    out, at = "", 0
    while at < len(text):
        if text[at] != "$" or depth > MOST_DEPTH:
            out, at = out + text[at], at + 1
        elif text[at + 1 : at + 2] == "$":
            out, at = out + "$", at + 2
        elif text[at + 1 : at + 2] == "{":
            end = _closing(text, at + 1)
            out += _expanded(text[at + 2 : end], given, seen, depth)
            at = end + 1
        else:
            end = at + 1
            while end < len(text) and (text[end].isalnum() or text[end] == "_"):
                end += 1
            seen.add(text[at + 1 : end])
            out, at = out + given.get(text[at + 1 : end], ""), end
    return out


def _closing(text: str, start: int) -> int:
    open_ones = 0
    for at in range(start, len(text)):
        open_ones += (text[at] == "{") - (text[at] == "}")
        if not open_ones:
            return at
    raise ValueError(f"a brace is not closed in {text!r}")


def _expanded(inside: str, given: Mapping[str, str], seen: set[str], depth: int) -> str:
    length = next((at for at, each in enumerate(inside) if not (each.isalnum() or each == "_")), len(inside))
    name, rest = inside[:length], inside[length:]
    seen.add(name)
    value = given.get(name)
    is_there = bool(value) if rest.startswith(":") else value is not None
    operator, alternative = rest.removeprefix(":")[:1], rest.removeprefix(":")[1:]
    # What an alternative names has a place as well, whether or not it is used.
    other = fill(alternative, given, seen, depth + 1)
    if operator == "+":
        return other if is_there else ""
    return (value or "") if is_there or operator != "-" else other


def _service(name: str, told: dict[str, Any], files: dict[str, str], here: Path) -> Service:
    environment = told.get("environment") or {}
    if isinstance(environment, list):
        environment = dict(each.partition("=")[::2] for each in environment)
    volumes = tuple(_bound(told.get("volumes") or (), here))
    secrets: dict[str, Path] = {}
    for source, target in volumes:
        if target == "/run/secrets" and source.is_dir():
            secrets |= {file.name: file for file in sorted(source.iterdir()) if file.is_file()}
    for secret in told.get("secrets") or ():
        source_name = secret if isinstance(secret, str) else secret["source"]
        target = secret if isinstance(secret, str) else str(secret.get("target") or source_name)
        secrets[target.rpartition("/")[2]] = Path(files[source_name])
    return Service(
        name,
        {key: "" if value is None else str(value) for key, value in environment.items()},
        secrets,
        str(told.get("image") or ""),
        tuple(str(port) for port in told.get("ports") or ()),
        volumes,
    )


def _bound(volumes: Any, here: Path) -> list[tuple[Path, str]]:
    """Folders and files of this host that a service sees, with where it sees them."""
    found = []
    for volume in volumes:
        source, target = (
            (volume.get("source", ""), volume["target"]) if isinstance(volume, dict) else volume.split(":")[:2]
        )
        if source.startswith((".", "/")):
            found.append((here / source, target))
    return found
