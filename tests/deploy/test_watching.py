"""Alert rules and dashboards come into a cluster as they are written for compose."""

from pathlib import Path

import pytest
import yaml

from deploy.check import watching

RULE = """\
groups:
  - name: outbox
    rules:
      - alert: OutboxOld
        expr: outbox_oldest_age_seconds > 60
        annotations: {summary: "{{ $labels.job }}: older than a minute – events wait"}
"""


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    (tmp_path / "rules").mkdir()
    (tmp_path / "dashboards").mkdir()
    (tmp_path / "rules" / "event_log.yml").write_text(RULE)
    (tmp_path / "dashboards" / "mesh.json").write_text("{}")
    monkeypatch.setattr(watching, "RULES", tmp_path / "rules")
    monkeypatch.setattr(watching, "DASHBOARDS", tmp_path / "dashboards")
    return {str(path.relative_to(watching.DEPLOY)): text for path, text in watching.wanted().items()}


def test_a_rule_is_the_same_rule(written: dict[str, str]) -> None:
    made = yaml.safe_load(written["k8s/components/monitoring/alerts.yaml"])
    assert (made["kind"], made["metadata"]["name"]) == ("PrometheusRule", "alerts-event-log")
    assert made["spec"]["groups"] == yaml.safe_load(RULE)["groups"]


def test_a_dashboard_is_found_by_its_label(written: dict[str, str]) -> None:
    made = yaml.safe_load(written["grafana/kustomization.yaml"])
    assert made["configMapGenerator"] == [{"name": "dashboard-mesh", "files": ["dashboards/mesh.json"]}]
    assert made["generatorOptions"]["labels"] == {"grafana_dashboard": "1"}


def test_both_are_part_of_monitoring(written: dict[str, str]) -> None:
    made = yaml.safe_load(written["k8s/components/monitoring/kustomization.yaml"])
    assert made["resources"] == ["collecting.yaml", "alerts.yaml", "../../../grafana"]


def test_what_is_not_current_is_said(written: dict[str, str]) -> None:
    assert watching.is_current().state == "bad"


def test_what_is_kept_is_current() -> None:
    assert watching.is_current().state == "good"
