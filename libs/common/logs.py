"""Structured logs: JSON lines on stdout with service, request id and trace id; never bodies or secrets."""

import io
import logging
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from contextvars import ContextVar
from typing import Any, TextIO, cast

import orjson
import structlog
from opentelemetry import trace

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The correlation id of the request or event at work."""

log: structlog.stdlib.BoundLogger = structlog.get_logger()


TRACEBACKS = structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False))
"""Without local variables: a token or a password may be among them."""


def _add_ids(_logger: Any, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if at_work := request_id.get():
        entry.setdefault("request_id", at_work)
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        entry["trace_id"] = f"{context.trace_id:032x}"
    return entry


def _to_json(entry: Any, **_: Any) -> str:
    return orjson.dumps(entry, default=repr).decode()


class _Unfailing(io.TextIOBase):
    """Stdout as a place where a line may be lost: a full disk must fail no request (hardening H14)."""

    def write(self, text: str, /) -> int:
        with suppress(OSError):
            return sys.stdout.write(text)
        return 0

    def flush(self) -> None:
        with suppress(OSError):
            sys.stdout.flush()


def configure_logs(service: str, *, debug: bool = False) -> None:
    """Sends our logs and those of the libraries through one JSON formatter to stdout."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        lambda _logger, _method, entry: {"service": service, **entry},
        _add_ids,
    ]
    structlog.configure(
        processors=[*shared, TRACEBACKS, structlog.processors.JSONRenderer(_to_json)],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG if debug else logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=cast("TextIO", _Unfailing())),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(_Unfailing())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                TRACEBACKS,
                structlog.processors.JSONRenderer(_to_json),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    # These two write a line per call; the request log and the event log say the same with more.
    for chatty in ("httpx", "uvicorn.access", "alembic.runtime.plugins"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
