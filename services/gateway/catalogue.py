"""The event catalogue as an AsyncAPI document, made from the published event schemas. Pure (contract O5)."""

import inspect
from collections.abc import Mapping
from typing import Any

from pydantic.json_schema import models_json_schema

from libs.contracts.event import Event


def describe(events: Mapping[str, type[Event]], version: str) -> dict[str, Any]:
    """An AsyncAPI 3 document: one channel a subject, one message a channel, all schemas of the payloads."""
    references, definitions = models_json_schema(
        [(event, "validation") for event in events.values()], ref_template="#/components/schemas/{model}"
    )
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "BiologiDex events",
            "version": version,
            "description": "What the services tell each other; the subject on the bus is the event's type.",
        },
        "channels": {
            subject: {"address": subject, "messages": {event.__name__: _to("messages", event.__name__)}}
            for subject, event in events.items()
        },
        "operations": {
            f"publish.{subject}": {"action": "send", "channel": {"$ref": f"#/channels/{subject}"}} for subject in events
        },
        "components": {
            "messages": {
                event.__name__: {
                    "name": subject,
                    "summary": _first_sentence(event),
                    "contentType": "application/json",
                    "payload": references[(event, "validation")],
                }
                for subject, event in events.items()
            },
            "schemas": definitions["$defs"],
        },
    }


def _to(kind: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{kind}/{name}"}


def _first_sentence(event: type[Event]) -> str:
    return (inspect.getdoc(event) or event.__name__).partition("\n")[0]
