"""The bus: the log of events and the durables are as the code says, and everybody has the rights of the code."""

from collections.abc import Iterator
from dataclasses import fields
from typing import Any, Final

from nats.js.api import ConsumerConfig, StreamConfig

from deploy.operate.findings import Finding, care, wrong
from deploy.operate.installation import Installation
from deploy.operate.state import State
from libs.common.bus import STREAM
from libs.common.handlers import Handler
from libs.common.migrate import SERVICES
from libs.common.provision import consumer_config, handlers_of, stream_config

LEAST: Final = (2, 12, 0)
"""The relay publishes batches that are whole or not there at all, which older servers do not know."""
NEARLY_FULL: Final = 0.8

AWAY = wrong(
    "bus.away",
    "NATS does not answer. Nothing is lost: events wait in the outboxes.",
    "see whether it runs and its disk has room; look into its log",
)
REFUSED = wrong(
    "bus.password-refused",
    "NATS refuses the administrator's password.",
    "give server and address the same password (deploy/secrets/nats/passwords.conf), and restart nats",
)
NO_STREAM = wrong(
    "bus.no-stream",
    f"The log of events ({STREAM}) is not there.",
    "./bdx bus provision, then docs/runbooks/lost-event-log.md",
)
STREAM_DRIFT = wrong(
    "bus.stream-drift",
    "The log of events is set up otherwise than the code says.",
    "./bdx bus provision brings it to what the code says",
)
MISSING = wrong(
    "bus.durable-missing",
    "The bus does not know a handler's durable: it hears nothing.",
    "./bdx bus provision makes it; a running service does so itself within 15 s",
)
DURABLE_DRIFT = wrong(
    "bus.durable-drift",
    "A durable is set up otherwise than its handler says.",
    "./bdx bus provision; if it refuses: delete the durable, it reads the log again from its start",
)
UNKNOWN = care(
    "bus.durable-unknown",
    "A durable belongs to no handler of this code; it costs little, and its lag grows for ever.",
    "delete it once no older version runs: nats consumer rm EVENTS <durable>",
)
NEARLY = care(
    "bus.stream-nearly-full",
    f"The log of events has used {NEARLY_FULL:.0%} of its limit; full, it refuses new events.",
    "raise EVENT_STREAM_MAX_BYTES, then ./bdx bus provision",
)
OLD = wrong(
    "versions.nats",
    f"nats-server is older than {LEAST[0]}.{LEAST[1]}.",
    f"run nats-server {LEAST[0]}.{LEAST[1]} or newer",
)
KINDS = (AWAY, REFUSED, NO_STREAM, STREAM_DRIFT, MISSING, DURABLE_DRIFT, UNKNOWN, NEARLY, OLD)
FINE = "the log of events and its durables are as the code says"


def check(_installation: Installation, state: State) -> Iterator[Finding]:
    if reason := state.away.get("bus"):
        refused = "authorization" in reason.lower()
        yield (REFUSED if refused else AWAY).found(f"the bus cannot be asked: {reason}")
    if state.bus is None:
        return
    if state.bus.version < LEAST:
        yield OLD.found(f"nats-server is {'.'.join(map(str, state.bus.version))}")
    if state.bus.stream is None:
        yield NO_STREAM.found(f"there is no stream {STREAM}")
        return
    there = state.bus.stream.config
    # How many copies and how large: the place's own settings, which the code does not know.
    needed = stream_config(replicas=there.num_replicas or 1, max_bytes=max(there.max_bytes or 0, 0))
    for sentence in _differences(there, needed):
        yield STREAM_DRIFT.found(f"{STREAM}: {sentence}")
    limit, used = there.max_bytes or -1, state.bus.stream.state.bytes
    if limit > 0 and used > NEARLY_FULL * limit:
        yield NEARLY.found(f"{STREAM} holds {used / 1e6:.0f} of {limit / 1e6:.0f} MB")
    yield from _durables(state)


def _durables(state: State) -> Iterator[Finding]:
    assert state.bus is not None
    handlers = {handler.durable: handler for handler in _all_handlers()}
    for durable, handler in handlers.items():
        info = state.bus.durables.get(durable)
        if info is None:
            yield MISSING.found(f"there is no durable {durable}")
            continue
        for sentence in _differences(info.config, consumer_config(handler)):
            yield DURABLE_DRIFT.found(f"{durable}: {sentence}")
    for durable in sorted(state.bus.durables.keys() - handlers.keys()):
        yield UNKNOWN.found(f"nobody has the durable {durable}")


def _all_handlers() -> Iterator[Handler]:
    for service in SERVICES:
        for handlers in handlers_of(service):
            yield from handlers.all


def _differences(there: StreamConfig | ConsumerConfig, needed: StreamConfig | ConsumerConfig) -> Iterator[str]:
    """What the code says and the server has otherwise; what the code leaves open is the server's own affair."""
    for name in (each.name for each in fields(needed)):
        said, found = _plain(getattr(needed, name)), _plain(getattr(there, name))
        if name == "filter_subjects" and not found and there.filter_subject:  # type: ignore[union-attr]
            found = [there.filter_subject]  # type: ignore[union-attr]
        if said is not None and (said or found) and said != found:
            yield f"{name} is {found}, not {said}"


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, list) else value
