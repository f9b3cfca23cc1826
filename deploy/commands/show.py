"""How commands show what they do: a bar on stderr, tables on stdout, and what went wrong in one sentence."""

import asyncio
import json
import logging
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

import asyncpg
import nats.errors
import nats.js.errors
import structlog
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from sqlalchemy.exc import SQLAlchemyError

AWAY: Final = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,  # What a connection says that broke in the middle of a transaction.
    SQLAlchemyError,
    nats.errors.Error,
    nats.js.errors.Error,
    TimeoutError,
    OSError,
)

Result = TypeVar("Result")
WIDE: Final = 200
out: Final = Console(highlight=False, width=None if sys.stdout.isatty() else WIDE)
err: Final = Console(stderr=True, highlight=False)


def run(work: Coroutine[Any, Any, Result], *expected: type[Exception]) -> Result:
    """Does the work; what is expected to go wrong, or is away, ends the command with 1 and a sentence."""
    # What a service would log is for stderr here, and only if somebody should know.
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    try:
        return asyncio.run(work)
    except (*expected, *AWAY) as error:
        reason = str(error) if isinstance(error, expected) else f"{type(error).__name__}: {error}"
        err.print(f"[red]It did not go through:[/] {reason.strip(': ')}", markup=True)
        sys.exit(1)


def as_json(value: Any) -> None:
    """For machines: one JSON value on stdout."""
    print(json.dumps(value, default=str, indent=2))


@contextmanager
def bars() -> Iterator[Callable[[str, str, int, int], None]]:
    """One bar for each subject; the function is told: subject, what is being done, how far, of how many."""
    columns = (
        TextColumn("{task.fields[subject]:>8}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err) as progress:
        tasks: dict[str, Any] = {}

        def show(subject: str, doing: str, done: int, total: int) -> None:
            if subject not in tasks:
                tasks[subject] = progress.add_task(doing, subject=subject)
            progress.update(tasks[subject], description=doing, completed=done, total=total)

        yield show
