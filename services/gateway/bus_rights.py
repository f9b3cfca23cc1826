"""What gateways do on the bus beside hearing who has left: they tell each other counts and fresh writes (ADR 0005)."""

from typing import Final

from services.gateway import consistency, shared_counts

_API: Final = "$JS.API"
_COUNTS: Final = shared_counts.STREAM

PUBLISH: Final = (
    shared_counts.SUBJECT,
    consistency.SUBJECT,
    # Its own stream in memory: made and changed by the gateways, read by each from the beginning.
    *(f"{_API}.STREAM.{what}.{_COUNTS}" for what in ("INFO", "CREATE", "UPDATE")),
    f"{_API}.CONSUMER.CREATE.{_COUNTS}",
    f"{_API}.CONSUMER.CREATE.{_COUNTS}.>",
    f"{_API}.CONSUMER.DELETE.{_COUNTS}.*",
    f"{_API}.CONSUMER.INFO.{_COUNTS}.*",
)
SUBSCRIBE: Final = (consistency.SUBJECT,)
