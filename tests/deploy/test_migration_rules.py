"""What a migration of tomorrow may do beside the traffic, and what it has to say before it takes something away."""

from collections.abc import Callable
from types import ModuleType

import pytest
import sqlalchemy as sa
from alembic import op

from deploy.check.migrations import Complaint, Migration, ask, contracts, locks, of_everybody, rendered
from deploy.check.tools import NotThere, python_tools

REASON = "no code reads it since 1.4"
DROPS = Complaint("dex_0099", "ban-drop-column", 4, "Dropping a column may break existing clients.")
BLOCKS = Complaint("dex_0099", "require-concurrent-index-creation", 4, "Updates are blocked.")


def a_migration(upgrade: Callable[[], None], contract: str | None = None) -> Migration:
    module = ModuleType("dex_0099")
    module.revision, module.upgrade = "dex_0099", upgrade  # type: ignore[attr-defined]
    if contract is not None:
        module.contract = contract  # type: ignore[attr-defined]
    return rendered(module)


def nothing() -> None:
    pass


def forgets_a_note() -> None:
    op.drop_column("dex_entries", "notes")


def renames_a_note() -> None:
    op.alter_column("dex_entries", "notes", new_column_name="remarks")


def demands_a_note() -> None:
    op.add_column("dex_entries", sa.Column("mood", sa.Text(), nullable=False))


def widens_a_number() -> None:
    op.alter_column("dex_entries", "version", type_=sa.Numeric())


def looks_for_notes() -> None:
    op.create_index("ix_dex_entries_notes", "dex_entries", ["notes"])


def looks_for_notes_beside_the_traffic() -> None:
    with op.get_context().autocommit_block():
        op.create_index("ix_dex_entries_notes", "dex_entries", ["notes"], postgresql_concurrently=True)


def adds_a_table_with_an_index() -> None:
    op.create_table("seasons", sa.Column("name", sa.Text(), primary_key=True))
    op.create_index("ix_seasons_name", "seasons", ["name"])
    op.add_column("dex_entries", sa.Column("mood", sa.Text(), server_default="", nullable=False))


def test_every_migration_can_be_read_without_a_database() -> None:
    found = list(of_everybody())
    assert len(found) >= 18
    assert all(migration.sql.startswith("SET lock_timeout = '5s';\nBEGIN;") for migration in found)


def test_taking_away_needs_a_reason_and_since_when() -> None:
    for contract, told in (
        (None, ['if nothing needs it any more: contract = "<why, since when>"']),
        ("it was ugly", ["since which version"]),
        (REASON, []),
    ):
        found = contracts([a_migration(forgets_a_note, contract)], [DROPS], {})
        assert len(found) == len(told)
        assert all(words in line for words, line in zip(told, found, strict=True))


def test_a_reason_for_nothing_is_one_too_many() -> None:
    assert contracts([a_migration(nothing, REASON)], [], {}) == [
        "dex_0099: it says that it takes something away, and does not"
    ]


def test_a_waiver_is_for_one_migration_and_must_be_needed() -> None:
    waived = {"dex_0099": {"rules": [BLOCKS.rule]}}
    assert locks([BLOCKS], waived) == []
    assert locks([BLOCKS], {"dex_0098": {"rules": [BLOCKS.rule]}}) == [
        str(BLOCKS),
        "waived_migrations.yaml: dex_0098: require-concurrent-index-creation waives nothing",
    ]
    assert len(locks([], waived)) == 1


@pytest.mark.long
@pytest.mark.parametrize(
    ("upgrade", "contract", "rules"),
    [
        (adds_a_table_with_an_index, None, set()),
        (looks_for_notes_beside_the_traffic, None, set()),
        (looks_for_notes, None, {"require-concurrent-index-creation"}),
        (forgets_a_note, None, {"ban-drop-column"}),
        (forgets_a_note, REASON, set()),
        (renames_a_note, None, {"renaming-column"}),
        (demands_a_note, None, {"adding-required-field"}),
        (widens_a_number, None, {"changing-column-type"}),
    ],
)
def test_squawk_sees_it(upgrade: Callable[[], None], contract: str | None, rules: set[str]) -> None:
    try:
        program = python_tools("check-deploy") / "squawk"
    except NotThere as why:
        pytest.skip(str(why))
    migration = a_migration(upgrade, contract)
    complaints = list(ask(program, [migration]))
    found = locks(complaints, {}) + contracts([migration], complaints, {})
    assert {rule for rule in {each.rule for each in complaints} if any(rule in line for line in found)} == rules, found
    assert bool(found) == bool(rules)
