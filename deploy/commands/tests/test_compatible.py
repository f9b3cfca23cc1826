"""`./bdx compatible`, as somebody asks it who is about to deploy."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from deploy.commands.__main__ import app
from deploy.compatibility import sides
from deploy.compatibility.sides import PUBLISHED, keep, kept_in

KNOWN_USER = "/internal/users/{id}/"


def ask(*words: str) -> Result:
    return CliRunner().invoke(app, ["compatible", *words])


@pytest.fixture
def released(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What has gone out: to begin with, what is published."""
    keep(kept_in(PUBLISHED), tmp_path)
    monkeypatch.setattr(sides, "RELEASED", tmp_path)
    return tmp_path


def changed(folder: Path, service: str, kind: str) -> Any:
    """A kept file, to be changed and given back to `store`."""
    return json.loads((folder / service / f"{kind}.json").read_text())


def store(folder: Path, service: str, kind: str, document: Any) -> None:
    (folder / service / f"{kind}.json").write_text(json.dumps(document))


def test_two_that_go_together(released: Path) -> None:
    del released
    answer = ask("gateway@released", "dex@published")
    assert answer.exit_code == 0
    assert "Gateway@released and dex@published go together." in answer.output


def test_two_that_do_not(released: Path) -> None:
    users = changed(released, "users", "openapi")
    del users["paths"][KNOWN_USER]
    store(released, "users", "openapi", users)
    answer = ask("users@released", "dex@published", "--json")
    assert answer.exit_code == 1
    told = json.loads(answer.output)
    assert told["compatible"] is False
    assert told["findings"] == [
        {
            "asking": "dex@published",
            "answering": "users@released",
            "about": f"GET {KNOWN_USER}",
            "problem": "is not there",
            "first": "users",
        }
    ]
    # For people: the same as a table.
    assert ask("users@released", "dex@published").exit_code == 1


def test_players_of_yesterday(released: Path) -> None:
    dex = changed(released, "dex", "openapi")
    dex["paths"]["/api/v1/dex/herbarium/"] = {"get": {"responses": {"200": {}}, "security": []}}
    store(released, "dex", "openapi", dex)
    assert ask("players@released", "dex@published").exit_code == 1
    assert ask("players@released", "graph@published").exit_code == 0


@pytest.mark.parametrize(
    "words",
    [
        ("gateway", "dex@code"),
        ("gateway@released",),
        ("mushrooms@released", "dex@published"),
        ("players@released", "players@published"),
    ],
)
def test_a_question_that_makes_no_sense(released: Path, words: tuple[str, ...]) -> None:
    del released
    assert ask(*words).exit_code == 2


def test_a_side_that_nobody_has(released: Path) -> None:
    del released
    assert ask("gateway@nowhere", "dex@published").exit_code == 2
