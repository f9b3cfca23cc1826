"""The databases: whether each service gets into its own, and how far its schema is."""

from collections.abc import Iterator
from typing import Final

from deploy.operate.findings import Finding, care, wrong
from deploy.operate.installation import Installation
from deploy.operate.looks.databases import DatabaseSeen
from deploy.operate.state import State
from libs.common.migrate import heads_in_code, lines_of

LEAST: Final = 15
CROWDED: Final = 0.85

AWAY = wrong(
    "database.away",
    "PostgreSQL does not answer at a service's address.",
    "see whether it runs and has room; look into its log",
)
REFUSED = wrong(
    "database.password-refused",
    "PostgreSQL refuses a service's password: the role has another one than the service's secret.",
    "run the roles again with the secrets of now: docker compose run --rm roles",
)
NEVER = wrong(
    "migrations.never",
    "A schema has never been migrated.",
    "run its migrations: docker compose run --rm migrate-<service>",
)
BEHIND = wrong(
    "migrations.behind",
    "A schema lacks migrations that this code needs; its service is not ready.",
    "run its migrations: docker compose run --rm migrate-<service>",
)
AHEAD = care(
    "migrations.ahead",
    "A schema is further than this code: a newer version has migrated it. The version before runs on it.",
    "fine after a rollback; otherwise bring the code up to date",
)
HEADS = wrong(
    "migrations.two-heads",
    "Two migrations of one line have the same number, or a schema stands at two of them.",
    "give the later file the next number and the other as its down_revision",
)
OLD = wrong("versions.postgres", f"PostgreSQL is older than {LEAST}.", f"upgrade the server to {LEAST} or newer")
FULL = care(
    "database.connections",
    f"More than {CROWDED:.0%} of the server's connections are taken; services will soon be refused.",
    "raise max_connections, or lower DATABASE_POOL_SIZE and DATABASE_POOL_OVERFLOW",
)
ZONES = wrong(
    "time-zones.database",
    "PostgreSQL has no time zone data.",
    "install tzdata beside the server, and restart it",
)
KINDS = (AWAY, REFUSED, NEVER, BEHIND, AHEAD, HEADS, OLD, FULL, ZONES)
FINE = "every service gets into its schema, which is as far as its code"


def check(installation: Installation, state: State) -> Iterator[Finding]:
    yield from _twice_in_code(installation)
    for name in installation.databases:
        reason = state.away.get(f"{name} database")
        if reason and reason.startswith("InvalidPasswordError"):
            yield REFUSED.found(f"{name} is refused: {reason.partition(': ')[2]}")
        elif reason:
            yield AWAY.found(f"the database of {name} cannot be asked: {reason}")
    for name, seen in state.databases.items():
        yield from _heads(name, seen)
    # Several services are on one server: what is true of it is said once.
    for seen in {seen.places: seen for seen in state.databases.values()}.values():
        if seen.version < LEAST * 10_000:
            yield OLD.found(f"PostgreSQL is {seen.version // 10_000}.{seen.version % 10_000}")
        if seen.connections > CROWDED * seen.places:
            yield FULL.found(f"{seen.connections} of {seen.places} connections are taken")
        if not seen.knows_zones:
            yield ZONES.found("PostgreSQL does not know Europe/Berlin")


def _heads(name: str, seen: DatabaseSeen) -> Iterator[Finding]:
    if not seen.heads:
        yield NEVER.found(f"the schema of {name} is empty")
        return
    if seen.doubled:
        yield HEADS.found(f"the schema of {name} stands at two heads of {', '.join(seen.doubled)}")
    for line, needed in heads_in_code(name).items():
        there = seen.heads.get(line, 0)
        if there != needed:
            kind = BEHIND if there < needed else AHEAD
            yield kind.found(f"{name}: {line} is at {there:04}, the code at {needed:04}")


def _twice_in_code(installation: Installation) -> Iterator[Finding]:
    for name in installation.databases:
        for line, folder in lines_of(name).items():
            numbers = [file.name[:4] for file in sorted(folder.glob("[0-9]*.py"))]
            for number in sorted({each for each in numbers if numbers.count(each) > 1}):
                yield HEADS.found(f"{folder} has two migrations {number} of {line}")
