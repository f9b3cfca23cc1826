"""What a service asks of others: declared in its `calls.yaml`, published with the shapes it was written against."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from deploy.compatibility.operations import Operation, key, operations
from deploy.compatibility.shapes import only

FILE: Final = "calls.yaml"
EVERYBODY: Final = "everybody"


class NotThere(Exception):
    """Nothing is declared, or what the other service does not have."""


@dataclass(frozen=True)
class Declared:
    """One operation of another service: the fields sent in its body, those read of its answer, and with a token?"""

    service: str
    operation: str
    sends: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    token: bool = True


def declared_by(service: str, checkout: Path) -> list[Declared]:
    """In the order of the file.

    Raises:
        NotThere: it declares nothing, as before there was such a file.
    """
    file = checkout / "services" / service / FILE
    if not file.exists():
        raise NotThere("there is none")
    return [
        Declared(
            call["service"],
            call["operation"],
            tuple(call.get("sends", ())),
            tuple(call.get("reads", ())),
            call.get("token", True),
        )
        for call in yaml.safe_load(file.read_text()) or ()
    ]


def published(caller: str, declared: list[Declared], documents: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The calls as they are kept: what is sent and read, cut out of the other side's description of this moment.

    Raises:
        NotThere: the other side has no such operation, or no such field.
    """
    found = []
    for call in declared:
        others = sorted(set(documents) - {caller, "gateway"}) if call.service == EVERYBODY else [call.service]
        found += [_published(call, service, operations(documents[service])) for service in others]
    return sorted(found, key=lambda each: (each["service"], each["operation"]))


def _published(call: Declared, service: str, there: Mapping[str, Operation]) -> dict[str, Any]:
    operation = there.get(key(call.operation))
    if operation is None:
        raise NotThere(f"{service} has no {call.operation}")
    try:
        return {
            "service": service,
            "operation": call.operation,
            "token": call.token,
            # Of the ways in which a body may come, files need this one.
            "sends": {"multipart/form-data": only(operation.sends["multipart/form-data"], call.sends)}
            if call.sends
            else {},
            "reads": {
                status: only(shape, call.reads) if call.reads and shape else None
                for status, shape in operation.answers.items()
            },
        }
    except KeyError as missing:
        raise NotThere(f"{service}: {call.operation} has no {missing}") from None


def as_operation(kept: Mapping[str, Any]) -> Operation:
    """A kept call as what its caller relies on."""
    return Operation(
        name=kept["operation"],
        sends=kept["sends"],
        must_send=bool(kept["sends"]),
        answers=kept["reads"],
        token=kept["token"],
        private=True,
    )
