"""Operations of an API as two sides of a call see them, and what would break between them. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from deploy.compatibility.describing import PRIVATE
from deploy.compatibility.misfits import misfits
from deploy.compatibility.shapes import Schema, shape_of

METHODS: Final = ("get", "put", "post", "delete", "patch")
JSON: Final = "application/json"


@dataclass(frozen=True)
class Parameter:
    required: bool
    shape: Schema


@dataclass(frozen=True)
class Operation:
    """`sends`: the body by content type; `answers`: what is said by the statuses of success; None: no JSON."""

    name: str
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    sends: Mapping[str, Schema] = field(default_factory=dict)
    must_send: bool = False
    answers: Mapping[str, Schema | None] = field(default_factory=dict)
    token: bool = True
    private: bool = False


def operations(document: Mapping[str, Any]) -> dict[str, Operation]:
    """Those of an OpenAPI document, by method and path; the names of a path's parts do not count."""
    definitions = document.get("components", {}).get("schemas", {})
    return {
        key(f"{method.upper()} {path}"): _read(f"{method.upper()} {path}", told, definitions)
        for path, methods in document["paths"].items()
        for method, told in methods.items()
        if method in METHODS
    }


def key(name: str) -> str:
    """`GET /dex/{id}/` and `GET /dex/{entry_id}/` are the same operation."""
    return re.sub(r"\{[^}]*\}", "{}", name)


def _read(name: str, told: Mapping[str, Any], definitions: Mapping[str, Any]) -> Operation:
    body = told.get("requestBody", {})
    security = told.get("security", [])
    return Operation(
        name=name,
        parameters={
            f"{each['in']} {each['name']}": Parameter(
                bool(each.get("required")), shape_of(each.get("schema", {}), definitions)
            )
            for each in told.get("parameters", ())
            if each["in"] != "path"
        },
        sends={kind: shape_of(each.get("schema", {}), definitions) for kind, each in body.get("content", {}).items()},
        must_send=bool(body.get("required")),
        answers={
            status: shape_of(answer["content"][JSON].get("schema", {}), definitions)
            if JSON in answer.get("content", {})
            else None
            for status, answer in told["responses"].items()
            if status.startswith("2")
        },
        token=bool(security) and {} not in security,
        private=bool(told.get(PRIVATE)),
    )


def broken(relied_on: Operation, now: Operation) -> Iterator[str]:
    """What somebody who asks by `relied_on` gets into trouble with at a service that has `now`."""
    if now.token and not relied_on.token:
        yield "needs a token now"
    for name, parameter in now.parameters.items():
        if parameter.required and name not in relied_on.parameters:
            yield f"needs {name} now"
    for name, parameter in relied_on.parameters.items():
        if name not in now.parameters:
            yield f"does not look at {name} any more"
            continue
        if now.parameters[name].required and not parameter.required:
            yield f"needs {name} now"
        yield from misfits(parameter.shape, now.parameters[name].shape, name, all_counts=True)
    yield from _bodies(relied_on, now)
    yield from _answers(relied_on, now)


def _bodies(relied_on: Operation, now: Operation) -> Iterator[str]:
    if now.must_send and not relied_on.must_send:
        yield "needs a body now"
    for kind, shape in relied_on.sends.items():
        if kind not in now.sends:
            yield f"does not take {kind} any more"
        else:
            yield from (f"request: {each}" for each in misfits(shape, now.sends[kind], all_counts=True))


def _answers(relied_on: Operation, now: Operation) -> Iterator[str]:
    for status in sorted(set(now.answers) - set(relied_on.answers)):
        yield f"answers {status} instead of {', '.join(sorted(relied_on.answers)) or 'nothing'}"
    for status, expected in relied_on.answers.items():
        if status not in now.answers or expected is None:
            continue
        told = now.answers[status]
        if told is None:
            yield f"answer {status}: is no JSON any more"
        else:
            yield from (f"answer {status}: {each}" for each in misfits(told, expected))
