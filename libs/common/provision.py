"""What the bus must hold: the stream and each handler's durable, made idempotently (bus notes §8).

Only this module creates anything on the bus; services check, and re-make what has vanished.
"""

import asyncio
import importlib
import os
import sys
from typing import Final

import nats
import nats.js.errors
from nats.js import JetStreamContext
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
)

from libs.common.bus import STREAM, addresses
from libs.common.handlers import ACK_WAIT_SECONDS, Handler, Handlers
from libs.common.migrate import SERVICES
from libs.common.secret_files import given

SUBJECTS: Final = ["user.>", "animal.>", "dex.>", "friendship.>", "image.>", "identification.>", "taxonomy.>"]
DUPLICATE_WINDOW_SECONDS: Final = 600
MAX_ACK_PENDING: Final = 2000


class Drift(Exception):
    """What is there differs from what is needed in a way that must not be changed silently."""


def stream_config(*, replicas: int = 1, max_bytes: int = 0) -> StreamConfig:
    """One append-only log that refuses new events rather than forgetting old ones."""
    return StreamConfig(
        name=STREAM,
        subjects=SUBJECTS,
        retention=RetentionPolicy.LIMITS,
        storage=StorageType.FILE,
        discard=DiscardPolicy.NEW,
        num_replicas=replicas,
        max_age=0,
        max_bytes=max_bytes or -1,
        duplicate_window=DUPLICATE_WINDOW_SECONDS,
        allow_direct=True,
        allow_atomic=True,
    )


def consumer_config(handler: Handler) -> ConsumerConfig:
    """A durable that is never given up: tries without limit, from the first event on."""
    return ConsumerConfig(
        durable_name=handler.durable,
        filter_subjects=handler.subjects,
        ack_policy=AckPolicy.EXPLICIT,
        ack_wait=ACK_WAIT_SECONDS,
        max_deliver=-1,
        max_ack_pending=MAX_ACK_PENDING,
        deliver_policy=DeliverPolicy.ALL,
    )


async def provision_stream(js: JetStreamContext, config: StreamConfig) -> None:
    """Makes the stream, or brings it to `config`."""
    try:
        await js.stream_info(STREAM)
    except nats.js.errors.NotFoundError:
        await js.add_stream(config)
        return
    await js.update_stream(config)


async def provision_handlers(js: JetStreamContext, handlers: Handlers) -> None:
    """Makes each handler's durable, or brings it to what the code says.

    Raises:
        Drift: the bus refuses the change.
    """
    for handler in handlers.all:
        try:
            await js.add_consumer(STREAM, consumer_config(handler))
        except (nats.js.errors.BadRequestError, nats.js.errors.ServerError) as error:
            # Which of the two depends on what has changed; something that is away is neither.
            raise Drift(f"{handler.durable}: {error.description}") from error


def handlers_of(service: str) -> list[Handlers]:
    """The handlers that a service declares in its `handlers.py`; vision has a second set, for its worker."""
    module = importlib.import_module(f"services.{service}.handlers")
    return [value for value in vars(module).values() if isinstance(value, Handlers)]


async def provision(url: str, services: tuple[str, ...], *, replicas: int, max_bytes: int) -> int:
    """Makes the stream and the durables of `services`; returns how many durables there are."""
    connection = await nats.connect(addresses(url), name="biologidex-provision", connect_timeout=5)
    try:
        js = connection.jetstream(timeout=10)
        await provision_stream(js, stream_config(replicas=replicas, max_bytes=max_bytes))
        made = 0
        for service in services:
            for handlers in handlers_of(service):
                await provision_handlers(js, handlers)
                made += len(handlers.all)
        return made
    finally:
        await connection.close()


def main(arguments: list[str]) -> int:
    """`python -m libs.common.provision --all | SERVICE …`"""
    services = SERVICES if arguments == ["--all"] else tuple(arguments)
    made = asyncio.run(
        provision(
            given("NATS_URL"),
            services,
            replicas=int(os.environ.get("EVENT_STREAM_REPLICAS", "1")),
            max_bytes=int(os.environ.get("EVENT_STREAM_MAX_BYTES", "0")),
        )
    )
    print(f"stream {STREAM} and {made} durables are there", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
