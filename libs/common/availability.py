"""Tells what is away for the moment from what is wrong, and whose fault it is."""

from typing import Final

import asyncpg
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from libs.common.errors import Unavailable

AWAY: Final = (OperationalError, InterfaceError, PoolTimeoutError, OSError, TimeoutError, Unavailable)
PASSING_SQLSTATES: Final = ("08", "40", "53", "55", "57")
"""Connection, serialization and deadlock, resources, lock, shutdown and canceled statements."""


def is_away(error: BaseException) -> bool:
    """Whether `error` gets better by itself, so that it is worth trying the same again later."""
    if isinstance(error, AWAY):
        return True
    if isinstance(error, DBAPIError):
        state = getattr(error.orig, "sqlstate", None) or ""
        return error.connection_invalidated or state[:2] in PASSING_SQLSTATES or _driver_lost_its_way(error)
    return False


def _driver_lost_its_way(error: DBAPIError) -> bool:
    """Whether the driver itself is out of step: the server ended the connection in the middle of something."""
    return isinstance(getattr(error.orig, "__cause__", None), asyncpg.InternalClientError)


def is_bad_value(error: BaseException) -> bool:
    """Whether the database (or its driver) refused a value: out of range, too long, not text, no number."""
    if not isinstance(error, DBAPIError):
        return False
    state = getattr(error.orig, "sqlstate", None) or ""
    # The driver refuses some values by itself, without a state.
    return state.startswith("22") or isinstance(getattr(error.orig, "__cause__", None), asyncpg.DataError)
