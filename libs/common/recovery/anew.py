"""Empties the log of events, for a database that was set back: such a log tells of what never happened."""

from contextlib import suppress

import nats.js.errors
from nats.js import JetStreamContext

from libs.common.bus import STREAM


async def begin_log_anew(js: JetStreamContext) -> None:
    """Deletes the stream with all durables; provision and republish must follow. May be repeated."""
    with suppress(nats.js.errors.NotFoundError):
        await js.delete_stream(STREAM)
