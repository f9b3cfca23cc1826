"""The published JSON schemas of the events: what other teams, and yesterday's services, rely on."""

import json
from pathlib import Path
from typing import Any, Final

from libs.contracts.catalogue import EVENTS
from libs.contracts.event import Event

FOLDER: Final = Path(__file__).parents[2] / "libs" / "contracts" / "schemas"


class PromiseBroken(Exception):
    """A published schema may only grow: a breaking change is a new event beside the old one."""


def schema_of(event: type[Event]) -> dict[str, Any]:
    """The JSON schema of an event's payload as it is on the bus."""
    return {**event.model_json_schema(mode="validation"), "title": event.subject}


def published(subject: str) -> dict[str, Any] | None:
    """The schema as published, or None if this event never was."""
    file = FOLDER / f"{subject}.json"
    if not file.exists():
        return None
    schema: dict[str, Any] = json.loads(file.read_text())
    return schema


def broken_promises(old: dict[str, Any], new: dict[str, Any], where: str = "") -> list[str]:
    """What a reader of `old` would miss in `new`, and what events written by `old` would lack for `new`."""
    found = []
    for name, definition in old.get("properties", {}).items():
        now = new.get("properties", {}).get(name)
        if now is None:
            found.append(f"{where}{name} is gone")
        elif _meaning(definition) != _meaning(now):
            found.append(f"{where}{name} has another type")
    for name in set(new.get("required", ())) - set(old.get("required", ())):
        found.append(f"{where}{name} is required now, but events of yesterday lack it")
    for name, definition in old.get("$defs", {}).items():
        found += broken_promises(definition, new.get("$defs", {}).get(name, {}), f"{where}{name}.")
    return found


def _meaning(definition: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in definition.items() if key not in ("title", "description", "default")}


def publish() -> list[str]:
    """Writes every event's schema; returns the names of the files.

    Raises:
        PromiseBroken: a schema that was published would not grow but change.
    """
    broken = [
        f"{subject}: {problem}"
        for subject, event in EVENTS.items()
        for problem in broken_promises(published(subject) or {}, schema_of(event) if published(subject) else {})
    ]
    if broken:
        raise PromiseBroken("\n".join(broken))
    FOLDER.mkdir(exist_ok=True)
    for subject, event in EVENTS.items():
        text = json.dumps(schema_of(event), indent=2, sort_keys=True) + "\n"
        (FOLDER / f"{subject}.json").write_text(text)
    return [f"{subject}.json" for subject in EVENTS]
