"""Every alert says what it has to, has a page, and has been seen both firing and silent; the tests themselves hold."""

import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from deploy.check import alerting
from deploy.check.tools import CHECKOUT
from deploy.local.topology import MESH
from deploy.tests.alerts import ALERTS, NAMES, RULES, page_of

TESTS: Final = sorted((alerting.PROMETHEUS / "tests").glob("*.yml"))
WINDOWS: Final = ("5m", "30m", "1h", "6h", "3d")


def name_of(rule: dict[str, Any]) -> str:
    return " ".join((rule["alert"], *map(str, rule["labels"].values())))


@pytest.mark.parametrize("rule", ALERTS, ids=name_of)
def test_says_what_is_wrong_how_much_and_where_to_read_on(rule: dict[str, Any]) -> None:
    told = rule["annotations"]
    assert set(told) == {"summary", "description", "runbook_url"}
    assert "$value" in told["description"]
    assert told["runbook_url"] == page_of(rule["alert"])
    assert (CHECKOUT / told["runbook_url"]).exists()
    assert rule["labels"]["severity"] in ("page", "ticket")


@pytest.mark.parametrize("rule", ALERTS, ids=name_of)
def test_has_been_seen_firing_and_silent(rule: dict[str, Any]) -> None:
    """Told apart by labels: a page and a ticket of one name are two."""
    looks = [
        [rule["labels"].items() <= expected["exp_labels"].items() for expected in look.get("exp_alerts", ())]
        for path in TESTS
        for test in yaml.safe_load(path.read_text())["tests"]
        for look in test["alert_rule_test"]
        if look["alertname"] == rule["alert"]
    ]
    assert any(any(fired) for fired in looks), "never fires"
    assert any(not any(fired) for fired in looks), "is never silent"


def test_no_test_asks_for_an_alert_that_is_not_there() -> None:
    asked = {
        look["alertname"]
        for path in TESTS
        for test in yaml.safe_load(path.read_text())["tests"]
        for look in test["alert_rule_test"]
    }
    assert asked == NAMES


def test_the_processes_that_are_missed_are_those_of_the_mesh() -> None:
    expected = {rule["labels"]["job"] for rule in RULES if rule.get("record") == "process:expected"}
    assert expected == {process.name for process in MESH.processes}


def test_prometheus_asks_every_process_under_its_own_name() -> None:
    config = yaml.safe_load((alerting.PROMETHEUS / "prometheus.yml").read_text())
    jobs = {each["job_name"]: each for each in config["scrape_configs"]}
    labelled = {each["labels"]["job"]: each["targets"] for each in jobs["services"]["static_configs"]}
    assert labelled == {process.name: [f"{process.name}:8000"] for process in MESH.processes if not process.edge}
    assert jobs["gateway"]["metrics_path"] == "/metrics/own/"
    stand_ins = jobs["stand-ins"]["dns_sd_configs"][0]["names"]
    assert set(stand_ins) == {f"{schema}-2" for schema in MESH.schemas}


def test_what_is_counted_for_one_window_is_counted_for_all() -> None:
    """A window that was mistyped in one of five would burn at another pace than the others."""
    shapes: dict[str, dict[str, str]] = {}
    for rule in RULES:
        if found := re.fullmatch(r"((?:gateway|jobs):\w+:(?:rate|ratio))(\w+)", rule.get("record", "")):
            kind, window = found.groups()
            shape = re.sub(rf"(\[|:rate|:ratio){window}\b", r"\1*", rule["expr"])
            shapes.setdefault(kind, {})[window] = " ".join(shape.split())
    assert len(shapes) == 13
    for kind, by_window in shapes.items():
        assert tuple(by_window) == WINDOWS, kind
        assert len(set(by_window.values())) == 1, kind


def test_of_those_that_hush_others_all_are_there() -> None:
    config = yaml.safe_load(alerting.ALERTMANAGER.read_text())
    matchers = [each for rule in config["inhibit_rules"] for side in rule.values() for each in side]
    named = {
        name
        for matcher in matchers
        if (found := re.fullmatch(r'alertname =~? "?([\w|]+)"?', str(matcher)))
        for name in found[1].split("|")
    }
    assert named
    assert named <= NAMES


@pytest.mark.parametrize("path", [Path(), *TESTS], ids=lambda path: path.stem or "configuration")
def test_prometheus_says_the_same(path: Path) -> None:
    if why := alerting.missing("promtool"):
        pytest.skip(why)
    command = (
        ["test", "rules", str(path)] if path.name else ["check", "config", f"{alerting.PROMETHEUS}/prometheus.yml"]
    )
    outcome = alerting.ask("promtool", ["promtool", *command], "")
    assert outcome.state == "good", "\n".join(outcome.lines)


def test_alertmanager_reads_its_configuration() -> None:
    if why := alerting.missing("amtool"):
        pytest.skip(why)
    outcome = alerting.ask("amtool", ["amtool", "check-config", str(alerting.ALERTMANAGER)], "")
    assert outcome.state == "good", "\n".join(outcome.lines)


def test_a_test_that_does_not_hold_is_said(tmp_path: Path) -> None:
    if why := alerting.missing("promtool"):
        pytest.skip(why)
    right = (alerting.PROMETHEUS / "tests" / "doors.yml").read_text()
    wrong = right.replace("../rules", str(alerting.PROMETHEUS / "rules")).replace("upstream: graph", "upstream: dex")
    (tmp_path / "wrong.yml").write_text(wrong)
    outcome = alerting.ask("promtool", ["promtool", "test", "rules", str(tmp_path / "wrong.yml")], "")
    assert outcome.state == "bad"
    assert any("FAILED" in line for line in outcome.lines)


def test_a_tool_that_is_missing_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    outcome = alerting.ask("x", ["promtool", "check"], "")
    assert (outcome.state, len(outcome.lines)) == ("skipped", 1)
    assert "apt-get install" in outcome.lines[0]
