"""The pages for operators hold what they promise: one for each alert, one shape, and only what exists."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import typer
import yaml

from deploy.check.tools import CHECKOUT
from deploy.commands.__main__ import app
from deploy.tests.alerts import ALERTS, NAMES, page_of

DOCS: Final = CHECKOUT / "docs"
RUNBOOKS: Final = DOCS / "runbooks"
INDEX: Final = RUNBOOKS / "README.md"
PAGES: Final = [CHECKOUT / page_of(name) for name in sorted(NAMES)]
ENDINGS: Final = ".,:"
SHAPE: Final = (
    "What it means for players",
    "See",
    "Likely causes",
    "Do",
    "How to see that it is over",
    "What not to do",
)
OF_COMPOSE: Final = re.compile(r"docker compose -f deploy/compose\.yml (?P<rest>[^\n`|]+)")
OURS: Final = re.compile(r"(?:(?<![\w/])\./bdx|run --rm commands)(?P<words>(?: [^\s`|#;)]+)*)")
COMMENT: Final = re.compile(r"(?<=\S)\s+# .*")
LINKS: Final = re.compile(r"\]\(([^)#\s:]+)(?:#[\w-]*)?\)")
NAMED: Final = re.compile(r"docs/runbooks/([\w-]+\.md)")
WRITTEN: Final = sorted(path for path in DOCS.rglob("*.md"))


def words_of(text: str) -> Iterator[list[str]]:
    """Every command of ours that a page names, without what stands behind it; lines that go on are one."""
    for found in OURS.finditer(COMMENT.sub("", text).replace("\\\n", " ")):
        yield found["words"].split()


def what_is_wrong_with(words: list[str], at: Any) -> str:
    """Empty if there is such a command with such options; `a|b` and `…` are read as people do."""
    for word in words:
        commands: dict[str, Any] = getattr(at, "commands", {})
        if word.startswith("--"):
            known = {name for each in at.params for name in (*each.opts, *each.secondary_opts)} | {"--help"}
            if word.partition("=")[0].rstrip(ENDINGS) not in known:
                return f"{at.name} has no {word}"
        elif commands:
            names = word.rstrip(ENDINGS).split("|")
            if names == ["…"]:
                return ""
            if gone := [name for name in names if name not in commands]:
                return f"{at.name} has no {gone[0]}"
            at = commands[names[0]]
            if len(names) > 1:
                return ""
    return ""


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: str(path.relative_to(DOCS)))
def test_every_command_that_is_named_exists(path: Path) -> None:
    root = typer.main.get_command(app)
    wrong = [wrong for words in words_of(path.read_text()) if words and (wrong := what_is_wrong_with(words, root))]
    assert wrong == []


def test_what_is_not_there_is_found() -> None:
    root = typer.main.get_command(app)
    found = [what_is_wrong_with(words, root) for words in words_of("`./bdx bus dlq mend`, `./bdx backup --quick 1`")]
    assert found == ["dlq has no mend", "backup has no --quick"]
    right = "`./bdx bus dlq show ID` or `./bdx bus …`"
    assert [what_is_wrong_with(words, root) for words in words_of(right)] == ["", ""]


@pytest.mark.parametrize("path", [*PAGES, INDEX], ids=lambda path: path.stem)
def test_every_service_of_compose_that_is_named_exists(path: Path) -> None:
    compose: dict[str, Any] = yaml.safe_load((CHECKOUT / "deploy" / "compose.yml").read_text())
    services = set(compose["services"]) | {"SERVICE", "migrate-SERVICE"}
    for found in OF_COMPOSE.finditer(path.read_text().replace("\\\n", " ")):
        command, *words = found["rest"].split(" #")[0].split()
        named = [word for word in words if word in services]
        assert command in ("ps", "stats") or named, found[0]
        if command == "logs":
            values = {"--since", "--tail"}
            before = dict(zip(words, [command, *words], strict=False))
            names = [word for word in words if word[0] != "-" and before[word] not in values]
            assert set(names) <= services, found[0]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_has_the_shape_of_all(path: Path) -> None:
    text = path.read_text()
    assert tuple(re.findall(r"^## (.+)$", text, re.MULTILINE)) == SHAPE
    alert, file = re.findall(r"^`(\w+)` \(.*\), `(deploy/prometheus/rules/[\w-]+\.yml)`\.$", text, re.MULTILINE)[0]
    assert f"- alert: {alert}\n" in (CHECKOUT / file).read_text()
    assert path == CHECKOUT / page_of(alert)
    assert all(part.strip() for part in re.split(r"^## .+$", text, flags=re.MULTILINE)[1:])


def test_every_page_is_an_alerts_or_a_procedure() -> None:
    procedures = re.findall(r"^\| \[([\w-]+\.md)\]", INDEX.read_text().partition("## Procedures")[2], re.MULTILINE)
    there = {path.name for path in RUNBOOKS.glob("*.md")} - {INDEX.name}
    assert there == {path.name for path in PAGES} | set(procedures)


def test_the_index_has_every_alert_with_its_severity() -> None:
    rows = dict(re.findall(r"^\| \[(\w+)\]\([\w-]+\.md\) \| ([^|]+) \|", INDEX.read_text(), re.MULTILINE))
    assert set(rows) == NAMES
    for rule in ALERTS:
        assert rule["labels"]["severity"] in rows[rule["alert"]], rule["alert"]


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: str(path.relative_to(DOCS)))
def test_links_lead_somewhere(path: Path) -> None:
    gone = [link for link in LINKS.findall(path.read_text()) if not (path.parent / link).exists()]
    assert gone == []


def test_pages_that_the_code_names_are_there() -> None:
    for folder in ("deploy", "libs", "services"):
        for path in (CHECKOUT / folder).rglob("*.py"):
            for name in NAMED.findall(path.read_text()):
                assert (RUNBOOKS / name).exists(), f"{path.relative_to(CHECKOUT)} names {name}"
