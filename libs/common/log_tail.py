"""Reads the log of events from a moment on without a consumer: nothing is made on the server, nothing is left there.

A consumer of one's own would need a name, and the right to make one under any name would be the right to change those
of others (docs/decisions/0013).
"""

from collections.abc import AsyncIterator
from typing import Final, NamedTuple

import nats.errors
import orjson
from nats.aio.client import Client

from libs.common.bus import STREAM

BATCH: Final = 500
ANSWER_SECONDS: Final = 5.0


class Line(NamedTuple):
    """One message of the log; `stored_at` is the server's own clock (RFC 3339)."""

    subject: str
    data: bytes
    stored_at: str


async def lines_since(client: Client, subjects: str, moment: str) -> AsyncIterator[Line]:
    """Every message on `subjects` (wildcards allowed) stored at `moment` (RFC 3339) or later, in order.

    Raises:
        nats.errors.Error, TimeoutError: the bus is away, or there is no such stream.
    """
    subscription = await client.subscribe(client.new_inbox())
    try:
        asked: dict[str, object] = {"start_time": moment}
        while asked:
            body = orjson.dumps({"batch": BATCH, "next_by_subj": subjects, **asked})
            await client.publish(f"$JS.API.DIRECT.GET.{STREAM}", body, reply=subscription.subject)
            last, left = 0, 0
            while True:
                message = await subscription.next_msg(timeout=ANSWER_SECONDS)
                headers = message.headers or {}
                if status := headers.get("Status"):
                    if status == "503":
                        raise nats.errors.NoRespondersError
                    break
                last, left = int(headers["Nats-Sequence"]), int(headers.get("Nats-Num-Pending", "0"))
                yield Line(headers["Nats-Subject"], message.data, headers["Nats-Time-Stamp"])
            asked = {"seq": last + 1} if left else {}
    finally:
        if client.is_connected:
            await subscription.unsubscribe()
