"""The same waits as in production, only shorter: what takes half a minute there takes a second or two here."""

import os

from libs.common import bus, db, inbox, provision, watchdog

ACK_WAIT_SECONDS = 2
IDLE_IN_TRANSACTION_SECONDS = 2
WATCHDOG_SECONDS = 1.0
IDLE = "TELLER_IDLE_SECONDS"
"""How long this process may rest in the middle of a transaction, where a test wants it otherwise."""


def shorten() -> None:
    """For this process, before it starts a service."""
    provision.ACK_WAIT_SECONDS = ACK_WAIT_SECONDS
    db.IDLE_IN_TRANSACTION_MS = int(os.environ.get(IDLE, IDLE_IN_TRANSACTION_SECONDS)) * 1000
    watchdog.LOOK_SECONDS = WATCHDOG_SECONDS
    bus.LOOK_SECONDS, bus.PING_SECONDS, bus.STUCK_SECONDS = 0.5, 1, 2.0
    inbox.MAX_DELAY_SECONDS = 2.0
