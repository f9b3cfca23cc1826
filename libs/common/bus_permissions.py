"""Who may say and hear what on the bus: a user for each service, with what its code needs and nothing else (ADR 0013).

Made from the code, so that it cannot be forgotten: the contracts know who publishes an event, the handlers which
durables there are. `./bdx bus permissions` prints it as the server's `authorization`; the copy in
`deploy/nats/authorization.conf` is what every deployment includes, and a test holds it to the code.
"""

import importlib
import importlib.util
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from libs.common.bus import STREAM, inbox_of_user
from libs.common.handlers import Handlers
from libs.common.migrate import SERVICES
from libs.common.provision import handlers_of
from libs.contracts.catalogue import EVENTS
from libs.contracts.event import Event

ADMIN: Final = "admin"
"""Provisions, recovers, looks into everything. No service knows its password."""
GATEWAY: Final = "gateway"
USERS: Final = (*SERVICES, GATEWAY)

WHO_HAS_LEFT: Final = "user.>"
"""Heard by all: the tokens of those who have left are refused everywhere at once (contract T1)."""
API: Final = "$JS.API"


@dataclass(frozen=True, slots=True)
class Rights:
    """Subjects that a user may publish to and subscribe to; all others are refused."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]

    def __add__(self, other: "Rights") -> "Rights":
        return Rights(self.publish + other.publish, self.subscribe + other.subscribe)


def publisher_of(event: type[Event]) -> str:
    """The service that publishes an event: the contracts have one module for each."""
    return event.__module__.rpartition(".")[2]


def rights_of(user: str) -> Rights:
    """What the user of a service may do, from what its code does."""
    own = [event for event in EVENTS.values() if publisher_of(event) == user]
    durables = [handler.durable for declared in _handlers(user) for handler in declared.all]
    return (
        Rights((), (f"{inbox_of_user(user)}.>",))
        + _following()
        + _publishing(own)
        + _consuming(durables)
        + _of_its_own(user)
    )


def _following() -> Rights:
    """Reads the log as it is, and hears who leaves at this moment (`revocations.py`); leaves no trace on the server."""
    return Rights((f"{API}.DIRECT.GET.{STREAM}",), (WHO_HAS_LEFT,))


def _publishing(events: list[type[Event]]) -> Rights:
    """The relay, and the forgetting of people, which needs the messages one by one (docs/decisions/0007)."""
    publish = tuple(sorted(event.subject for event in events))
    if any(event.people is not Event.people for event in events):
        publish += (f"{API}.STREAM.MSG.GET.{STREAM}", f"{API}.STREAM.MSG.DELETE.{STREAM}")
    return Rights(publish, ())


def _consuming(durables: Iterable[str]) -> Rights:
    """Exactly its own durables; the stream may be made where it has vanished, but neither changed nor emptied."""
    publish: tuple[str, ...] = ()
    for durable in sorted(durables):
        publish += (
            f"{API}.CONSUMER.DURABLE.CREATE.{STREAM}.{durable}",
            f"{API}.CONSUMER.INFO.{STREAM}.{durable}",
            f"{API}.CONSUMER.MSG.NEXT.{STREAM}.{durable}",
            f"$JS.ACK.{STREAM}.{durable}.>",
        )
    if publish:
        publish = (f"{API}.STREAM.INFO.{STREAM}", f"{API}.STREAM.CREATE.{STREAM}", *publish)
    return Rights(publish, ())


def _of_its_own(user: str) -> Rights:
    """What a service does on the bus beside events, declared in its `bus_rights.py`; nothing for most."""
    name = f"services.{user}.bus_rights"
    if importlib.util.find_spec(name) is None:
        return Rights((), ())
    module = importlib.import_module(name)
    return Rights(tuple(module.PUBLISH), tuple(module.SUBSCRIBE))


def _handlers(user: str) -> list[Handlers]:
    return handlers_of(user) if user in SERVICES else []


def password_variable(user: str) -> str:
    """The environment variable by which the server is told a user's password."""
    return f"NATS_{user.upper()}_PASSWORD"


def authorization() -> str:
    """The `authorization` block of the server's configuration, for all users; passwords come by environment."""
    everything = Rights((">",), (">",))
    users = [(ADMIN, everything), *((user, rights_of(user)) for user in USERS)]
    lines = [
        "# Who may say and hear what on the bus; made by `./bdx bus permissions`, which reads it from the code.",
        "# Why: docs/decisions/0013-who-may-say-what-on-the-bus.md",
        "authorization {",
        '  default_permissions { publish { deny: ">" }, subscribe { deny: ">" } }',
        "  users: [",
    ]
    for user, rights in users:
        lines += [
            "    {",
            f"      user: {user}, password: ${password_variable(user)}",
            "      permissions {",
            *_allowed("publish", rights.publish),
            *_allowed("subscribe", rights.subscribe),
            "      }",
            "    }",
        ]
    return "\n".join([*lines, "  ]", "}", ""])


def _allowed(what: str, subjects: tuple[str, ...]) -> list[str]:
    return [
        f"        {what} {{ allow: [",
        *(f"          {json.dumps(subject)}" for subject in subjects),
        "        ] }",
    ]
