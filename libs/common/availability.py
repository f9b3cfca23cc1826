"""Tells what is away for the moment from what is wrong."""

from typing import Final

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
        return error.connection_invalidated or state[:2] in PASSING_SQLSTATES
    return False
