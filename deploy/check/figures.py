"""Rules and dashboards ask for figures that exist: those of docs/metrics.md, held against a running mesh by a test."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from deploy.check.outcome import Outcome
from deploy.check.tools import CHECKOUT
from deploy.check.watching import DASHBOARDS, RULES

PAGE: Final = CHECKOUT / "docs" / "metrics.md"
_LINE: Final = re.compile(r"\| `(\w+)` \| (\w+) \|([^|]*)\|[^|]*\|.+\|([^|]+)\|")
# What Prometheus and the library of our processes tell by themselves.
_GIVEN: Final = re.compile(r"up|ALERTS|(process|python|prometheus|alertmanager|scrape)_\w+")
# Those of a cluster's own parts, which a rule may ask for beside ours: where there is no cluster, they are not there.
_OF_A_CLUSTER: Final = re.compile(r"(kube|kubelet|cnpg|barman_cloud|certmanager)_\w+")
_OF_HISTOGRAM: Final = re.compile(r"_(bucket|sum|count)$")
_NO_FIGURES: Final = (
    (re.compile(r'"(\\.|[^"\\])*"'), '""'),
    (re.compile(r"\{[^}]*\}"), " "),
    (re.compile(r"\[[^\]]*\]"), " "),
    (re.compile(r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)"), " "),
    (re.compile(r"\boffset\s+\w+"), " "),
)
_NAME: Final = re.compile(r"(?<![\w$.])[a-zA-Z_:][\w:]*(?!\w*\s*\()")
_WORDS: Final = frozenset({"and", "or", "unless", "bool", "inf", "nan", "group_left", "group_right"})


@dataclass(frozen=True, slots=True)
class Described:
    """A line of the page."""

    name: str
    kind: str
    labels: frozenset[str]
    who: tuple[str, ...]


def described() -> dict[str, Described]:
    """All figures of docs/metrics.md by name."""
    found = (match.groups() for match in map(_LINE.fullmatch, PAGE.read_text().splitlines()) if match)
    return {
        name: Described(name, kind, _words(labels), tuple(sorted(_words(who)))) for name, kind, labels, who in found
    }


def asked_for(expression: str) -> set[str]:
    """The metrics that a query names."""
    for pattern, instead in _NO_FIGURES:
        expression = pattern.sub(instead, expression)
    return {name for name in _NAME.findall(expression) if name.lower() not in _WORDS}


def exist() -> Outcome:
    """Whether what is asked for is described."""
    known, recorded, queries = described(), set[str](), list(_queries())
    recorded.update(name for name, _, _ in queries if ":" in name)
    findings = [
        f"{where}: nobody tells {name}"
        for _, where, expression in queries
        for name in sorted(asked_for(expression))
        if name not in recorded and not _is_told(name, known)
    ]
    return Outcome.of("figures asked for", findings, f"{len(queries)} queries, {len(known)} figures in docs/metrics.md")


def _is_told(name: str, known: dict[str, Described]) -> bool:
    of = known.get(name) or known.get(_OF_HISTOGRAM.sub("", name))
    is_series = of is not None and (of.kind == "histogram") == (of.name != name)
    return is_series or any(pattern.fullmatch(name) for pattern in (_GIVEN, _OF_A_CLUSTER))


def _queries() -> Iterator[tuple[str, str, str]]:
    """What it is called by, where it stands, and the query."""
    for path in sorted(DASHBOARDS.glob("*.json")):
        board = json.loads(path.read_text())
        for panel in board["panels"]:
            yield from ((panel["title"], _at(path, panel["title"]), each["expr"]) for each in panel.get("targets", ()))
        for variable in board["templating"]["list"]:
            if variable["type"] == "query":
                name = re.sub(r"label_values\((\w+),.*", r"\1", variable["definition"])
                yield variable["name"], _at(path, variable["name"]), name
    for path in sorted(RULES.glob("*.yml")):
        groups: list[dict[str, Any]] = yaml.safe_load(path.read_text())["groups"]
        for rule in (rule for group in groups for rule in group["rules"]):
            name = rule.get("record") or rule["alert"]
            yield name, _at(path, name), str(rule["expr"])


def _at(path: Path, name: str) -> str:
    return f"{path.name}, {name}"


def _words(cell: str) -> frozenset[str]:
    return frozenset(word.strip() for word in cell.split(",") if word.strip())
