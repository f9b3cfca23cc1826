"""The dashboards are what is said of them, and ask only for what somebody tells."""

import json
import shutil
import subprocess
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.check import figures
from deploy.check.figures import asked_for
from deploy.dashboards.__main__ import files

BOARDS = {path.stem: json.loads(text) for path, text in files().items()}


def test_the_files_are_current() -> None:
    found = {path: path.read_text() for path in next(iter(files())).parent.glob("*.json")}
    assert found == files(), "python -m deploy.dashboards, then python -m deploy.check --write"


def test_every_figure_asked_for_is_told() -> None:
    outcome = figures.exist()
    assert outcome.state == "good", outcome.lines


def test_a_figure_that_nobody_tells_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    board = json.loads(json.dumps(BOARDS["mesh"]).replace("outbox_oldest_age_seconds", "outbox_oldest_age"))
    (tmp_path / "mesh.json").write_text(json.dumps(board))
    monkeypatch.setattr(figures, "DASHBOARDS", tmp_path)
    monkeypatch.setattr(figures, "RULES", tmp_path)
    outcome = figures.exist()
    assert outcome.lines == ("mesh.json, Oldest event not published: nobody tells outbox_oldest_age",)


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ('sum by (le, job) (rate(a_b{x="y{",z=~"(1|2)"}[5m])) / on(job) c:d:e > 0', {"a_b", "c:d:e"}),
        ("time() - max(f_seconds offset 5m) and on() up == bool 1", {"f_seconds", "up"}),
        ("histogram_quantile(0.95, sum(rate(g_bucket[$__rate_interval])))", {"g_bucket"}),
        ("count(up == 0) or vector(0)", {"up"}),
    ],
)
def test_the_figures_of_a_query(expression: str, names: set[str]) -> None:
    assert asked_for(expression) == names


@pytest.mark.parametrize("name", BOARDS)
def test_a_dashboard_can_be_shown(name: str) -> None:
    board = BOARDS[name]
    panels = board["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert all(panel["targets"] for panel in panels if panel["type"] != "row")
    for one, other in combinations(panels, 2):
        assert not _overlap(one["gridPos"], other["gridPos"]), (one["title"], other["title"])
    variables = {variable["name"] for variable in board["templating"]["list"]}
    for text in (target["expr"] for panel in panels for target in panel.get("targets", ())):
        assert all(f"${each}" in ("$__rate_interval", *(f"${known}" for known in variables)) for each in _used(text))


def test_the_queries_can_be_read_by_prometheus(tmp_path: Path) -> None:
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool is missing: apt install prometheus")
    queries = [
        each["expr"] for board in BOARDS.values() for panel in board["panels"] for each in panel.get("targets", ())
    ]
    rules = [
        {"record": f"panel:{number}", "expr": text.replace("$__rate_interval", "1m").replace("$service", "dex")}
        for number, text in enumerate(queries)
    ]
    file = tmp_path / "queries.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    done = subprocess.run((program, "check", "rules", file), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(queries)} rules found" in done.stdout


def test_what_grafana_is_told_of_itself() -> None:
    folder = next(iter(files())).parents[1] / "provisioning"
    (source, traces) = yaml.safe_load((folder / "datasources" / "prometheus.yml").read_text())["datasources"]
    assert (source["type"], source["isDefault"], traces["type"]) == ("prometheus", True, "jaeger")
    (provider,) = yaml.safe_load((folder / "dashboards" / "files.yml").read_text())["providers"]
    assert provider["options"]["path"] == "/etc/grafana/dashboards"


def _overlap(one: dict[str, Any], other: dict[str, Any]) -> bool:
    across = one["x"] < other["x"] + other["w"] and other["x"] < one["x"] + one["w"]
    return across and one["y"] < other["y"] + other["h"] and other["y"] < one["y"] + one["h"]


def _used(expression: str) -> set[str]:
    return {part.partition('"')[0].partition("]")[0] for part in expression.split("$")[1:]}
