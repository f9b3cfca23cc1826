"""Migrations run beside the traffic and before the code: they hold no lock for long, and they only add (expand).

What takes something away from code that runs (contract) has its reason in the migration itself, and since when nobody
needs it: `contract = "no code reads it since 1.4"`.
"""

import importlib.util
import io
import json
import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import yaml
from alembic.migration import MigrationContext
from alembic.operations import Operations

from deploy.check.outcome import Outcome
from deploy.check.tools import NotThere, python_tools
from libs.common.migrate import LOCK_TIMEOUT, SERVICES, lines_of

WAIVED: Final = Path(__file__).with_name("waived_migrations.yaml")
POSTGRESQL: Final = "14"
"""The oldest that is supported."""

TASTE: Final = (
    "prefer-text-field",  # What is no longer than it may be is refused by the schema as well.
    "prefer-bigint-over-int",
    "prefer-bigint-over-smallint",
    "prefer-robust-stmts",  # A migration is a transaction; an index that is made beside one must not be half there.
    "require-statement-timeout",
    "require-timeout-settings",  # The next one says it; how long the work itself may take depends on the table.
)
MORE: Final = (
    *("require-lock-timeout", "ban-drop-view", "ban-drop-function", "ban-drop-type", "ban-drop-sequence"),
    *("ban-set-schema", "renaming-object"),
)
CONTRACTS: Final = frozenset(
    {
        *("ban-drop-column", "ban-drop-table", "ban-drop-constraint", "ban-drop-not-null", "ban-drop-view"),
        *("ban-drop-function", "ban-drop-type", "ban-drop-sequence", "ban-set-schema"),
        *("renaming-column", "renaming-table", "renaming-object"),
        *("adding-required-field", "adding-not-nullable-field"),
    }
)
"""What code that runs may still rely on."""
SAYS_SINCE: Final = re.compile(r"\S.* since \S+")


@dataclass(frozen=True)
class Migration:
    """`contract`: why it may take something away; None where it says nothing."""

    revision: str
    sql: str
    contract: str | None


@dataclass(frozen=True)
class Complaint:
    revision: str
    rule: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.revision}: line {self.line} of its SQL: {self.message} ({self.rule})"


def look() -> Iterator[Outcome]:
    """For locks, and for what is taken away."""
    names = ("migrations: locks", "migrations: expand, then contract")
    try:
        program = python_tools("check-deploy") / "squawk"
    except NotThere as why:
        yield from (Outcome.skipped(name, str(why)) for name in names)
        return
    migrations = list(of_everybody())
    waived: dict[str, dict[str, Any]] = yaml.safe_load(WAIVED.read_text())
    complaints = list(ask(program, migrations))
    looked_at = f"{len(migrations)} migrations, {len(waived)} waived with a reason"
    yield Outcome.of(names[0], locks(complaints, waived), looked_at)
    yield Outcome.of(names[1], contracts(migrations, complaints, waived), looked_at)


def of_everybody() -> Iterator[Migration]:
    """Each with the SQL that it runs, as Alembic writes it without a database."""
    folders = {folder for service in SERVICES for folder in lines_of(service).values()}
    for file in sorted(file for folder in folders for file in folder.glob("[0-9]*.py")):
        yield rendered(_module(file))


def rendered(module: ModuleType) -> Migration:
    """With the timeout that `libs.common.migrate` sets before all of them."""
    text = io.StringIO(f"SET lock_timeout = '{LOCK_TIMEOUT}';\n")
    text.seek(0, io.SEEK_END)
    options = {"as_sql": True, "output_buffer": text, "literal_binds": True, "transaction_per_migration": True}
    context = MigrationContext.configure(dialect_name="postgresql", opts=options)
    with context.begin_transaction(_per_migration=True), Operations.context(context):
        module.upgrade()
    return Migration(module.revision, text.getvalue(), getattr(module, "contract", None))


def _module(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def ask(program: Path, migrations: list[Migration]) -> Iterator[Complaint]:
    """What squawk says of them."""
    with tempfile.TemporaryDirectory() as folder:
        for migration in migrations:
            Path(folder, f"{migration.revision}.sql").write_text(migration.sql)
        command = [str(program), "--reporter", "json", "--pg-version", POSTGRESQL]
        command += [f"--exclude={rule}" for rule in TASTE] + [f"--include={rule}" for rule in MORE]
        files = sorted(str(file) for file in Path(folder).iterdir())
        done = subprocess.run([*command, *files], capture_output=True, text=True, check=False)
        for said in json.loads(done.stdout):
            yield Complaint(Path(said["file"]).stem, said["rule_name"], said["line"] + 1, said["message"])


def locks(complaints: list[Complaint], waived: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """All that is about locks and not waived; and what is waived without need."""
    open_ones = [each for each in complaints if each.rule not in waived.get(each.revision, {}).get("rules", ())]
    used = {(each.revision, each.rule) for each in complaints}
    needless = [
        f"{WAIVED.name}: {revision}: {rule} waives nothing"
        for revision, waiver in waived.items()
        for rule in waiver["rules"]
        if (revision, rule) not in used
    ]
    return [str(each) for each in open_ones if each.rule not in CONTRACTS] + needless


def contracts(
    migrations: list[Migration], complaints: list[Complaint], waived: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """What takes something away without a reason, and reasons for what takes nothing away."""
    found = []
    for migration in migrations:
        rules = waived.get(migration.revision, {}).get("rules", ())
        taken = [each for each in complaints if each.revision == migration.revision and each.rule in CONTRACTS]
        taken = [each for each in taken if each.rule not in rules]
        if migration.contract is None:
            found += [f'{each}; if nothing needs it any more: contract = "<why, since when>"' for each in taken]
        elif not SAYS_SINCE.search(migration.contract):
            found.append(f"{migration.revision}: contract says why, and since which version: '… since 1.4'")
        elif not taken:
            found.append(f"{migration.revision}: it says that it takes something away, and does not")
    return found
