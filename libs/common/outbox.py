"""Events leave with the change they tell of: a row in the same transaction, published afterwards by the relay."""

from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID, uuid4

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.errors import Failure
from libs.common.tables import shared_metadata
from libs.common.telemetry import carried
from libs.common.values import now
from libs.contracts.event import Event

PARTITIONS: Final = 8
MAX_EVENT_BYTES: Final = 262_144
SOURCE_PREFIX: Final = "/biologidex/"

outbox = Table(
    "outbox",
    shared_metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("event_id", Uuid, nullable=False, unique=True),
    Column("partition", SmallInteger, nullable=False),
    Column("aggregate_type", String(40), nullable=False),
    Column("aggregate_id", Uuid, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("subject", String(80), nullable=False),
    # The very bytes that go out, so that a republished event is the same event.
    Column("payload", LargeBinary, nullable=False),
    Column("headers", JSONB, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Column("published_at", DateTime(timezone=True)),
    Column("stream_seq", BigInteger),
    Column("people", ARRAY(Uuid), nullable=False, server_default="{}"),
    Column("forgotten_at", DateTime(timezone=True)),
    UniqueConstraint("aggregate_type", "aggregate_id", "version"),
    CheckConstraint(f"octet_length(payload) < {MAX_EVENT_BYTES}", name="payload_fits_the_bus"),
    CheckConstraint("subject ~ '^[a-z]+[.][a-z_]+([.]v[0-9]+)?$'", name="subject_is_legal"),
    Index("ix_outbox_waiting", "partition", "id", postgresql_where="published_at IS NULL"),
    Index("ix_outbox_people", "people", postgresql_using="gin"),
    Index("ix_outbox_forgotten", "forgotten_at", postgresql_where="forgotten_at IS NOT NULL"),
    Index("ix_outbox_age", "published_at", postgresql_where="right(subject, 8) <> '.deleted'"),
)

past_event = Table(
    "past_event",
    shared_metadata,
    # What stays of an event whose row has become too old: enough to know its message, and to find it in the log.
    Column("event_id", Uuid, primary_key=True),
    Column("aggregate_type", String(40), nullable=False),
    Column("aggregate_id", Uuid, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("subject", String(80), nullable=False),
    Column("stream_seq", BigInteger),
    Column("people", ARRAY(Uuid), nullable=False, server_default="{}"),
    Index("ix_past_event_people", "people", postgresql_using="gin"),
)

dead_letter = Table(
    "dead_letter",
    shared_metadata,
    Column("consumer", String(80), primary_key=True),
    Column("event_id", String(80), primary_key=True),
    Column("subject", String(80), nullable=False),
    Column("aggregate_id", Uuid),
    Column("version", BigInteger),
    Column("payload", LargeBinary, nullable=False),
    Column("headers", JSONB, nullable=False),
    Column("error", Text, nullable=False),
    Column("deliveries", Integer, nullable=False),
    Column("stream_seq", BigInteger, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Index("ix_dead_letter_aggregate", "aggregate_id", "version"),
)


forgotten_person = Table(
    "forgotten_person",
    shared_metadata,
    Column("id", Uuid, primary_key=True),
    Column("since", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
)


class EventTooLarge(Failure):
    """Refused before the commit: afterwards it would block its partition for ever."""

    def __init__(self) -> None:
        text = "This is too much data for one record."
        super().__init__({"error": text, "detail": text})


class Wakeable(Protocol):
    """Somebody who publishes, and likes to be told that there is something."""

    def wake(self, partitions: set[int]) -> None: ...


class Nobody:
    """Where no relay runs; the next one to start will find the rows."""

    def wake(self, partitions: set[int]) -> None:
        del partitions


def partition_of(aggregate_id: UUID) -> int:
    """Events of one record always share a partition, which keeps their order."""
    return aggregate_id.int % PARTITIONS


def record(session: AsyncSession, event: Event) -> None:
    """Notes `event` for the commit of this session. The record's row must be locked or new by then."""
    session.info.setdefault("events", []).append((now(), event, carried()))


def recorded(session: AsyncSession) -> list[Event]:
    """The events noted so far; for tests and for the consistency token."""
    return [event for _, event, _ in session.info.get("events", [])]


def changed(session: AsyncSession) -> str:
    """The newest version of each record changed, as `dex/<id>@<version>`, separated by commas."""
    newest: dict[tuple[str, UUID], int] = {}
    for event in recorded(session):
        newest[event.word(), event.id] = event.version
    return ",".join(f"{word}/{id}@{version}" for (word, id), version in newest.items())


async def store(session: AsyncSession) -> set[int]:
    """Writes the noted events as outbox rows, in order; returns the partitions that have something now.

    Raises:
        EventTooLarge: an event that the bus would refuse.
    """
    noted: list[tuple[datetime, Event, dict[str, str]]] = session.info.get("events", [])
    if not noted:
        return set()
    rows = [_row(event, moment, context) for moment, event, context in noted]
    await session.execute(insert(outbox), rows)
    return {row["partition"] for row in rows}


def _row(event: Event, moment: datetime, context: dict[str, str]) -> dict[str, Any]:
    payload = event.model_dump_json().encode()
    if len(payload) >= MAX_EVENT_BYTES:
        raise EventTooLarge
    event_id = uuid4()
    return {
        "event_id": event_id,
        "partition": partition_of(event.id),
        "aggregate_type": event.word(),
        "aggregate_id": event.id,
        "version": event.version,
        "subject": event.subject,
        "payload": payload,
        "people": list(event.people()),
        "headers": {
            "ce-specversion": "1.0",
            "ce-id": str(event_id),
            "ce-type": event.subject,
            "ce-source": SOURCE_PREFIX + event.subject.partition(".")[0],
            "ce-subject": str(event.id),
            "ce-time": moment.isoformat(),
            "ce-datacontenttype": "application/json",
            "content-type": "application/json",
            "Nats-Msg-Id": str(event_id),
            **context,
        },
    }
