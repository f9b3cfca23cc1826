"""Makes, of the alert rules and dashboards that compose uses as they are, what Kubernetes wants around them.

deploy/prometheus/rules/*.yml      → deploy/k8s/components/monitoring/alerts.yaml, a PrometheusRule for each
deploy/grafana/dashboards/*.json   → deploy/grafana/kustomization.yaml, a ConfigMap for each
"""

from pathlib import Path
from typing import Any, Final

import yaml

from deploy.check.outcome import Outcome
from deploy.check.tools import CHECKOUT

DEPLOY: Final = CHECKOUT / "deploy"
RULES: Final = DEPLOY / "prometheus" / "rules"
DASHBOARDS: Final = DEPLOY / "grafana" / "dashboards"
ALERTS: Final = DEPLOY / "k8s" / "components" / "monitoring" / "alerts.yaml"
GRAFANA: Final = DEPLOY / "grafana" / "kustomization.yaml"
COMPONENT: Final = ALERTS.with_name("kustomization.yaml")
ABOUT: Final = """\
# What the Prometheus Operator collects and watches, and the dashboards for a Grafana that looks for them by label.
# Made by `python -m deploy.check --write`, as alerts.yaml and deploy/grafana/kustomization.yaml are, of the rules and
# dashboards in deploy/prometheus/rules and deploy/grafana/dashboards; `make check-deploy` says when it is not current.
"""
WIDTH: Final = 160
MADE: Final = "# Made by `python -m deploy.check --write`; what to change is in {}.\n"


def wanted() -> dict[Path, str]:
    """The files as they should be; one of which there is nothing to make is left out."""
    made: dict[Path, str] = {}
    resources = ["collecting.yaml"]
    if rules := sorted(RULES.glob("*.yml")):
        made[ALERTS] = MADE.format("deploy/prometheus/rules") + "---\n".join(_rule(path) for path in rules)
        resources.append(ALERTS.name)
    if dashboards := sorted(DASHBOARDS.glob("*.json")):
        made[GRAFANA] = MADE.format("deploy/grafana/dashboards") + _kustomization(dashboards)
        resources.append("../../../grafana")
    made[COMPONENT] = ABOUT + _written(
        {"apiVersion": "kustomize.config.k8s.io/v1alpha1", "kind": "Component", "resources": resources}
    )
    return made


def write() -> list[Path]:
    """Writes them, and says which."""
    made = wanted()
    for path, text in made.items():
        path.write_text(text)
    return list(made)


def is_current() -> Outcome:
    """Whether they are what `write` would make."""
    made = wanted()
    findings = [
        f"{path.relative_to(CHECKOUT)} is not what its source says: python -m deploy.check --write"
        for path, text in made.items()
        if not path.exists() or path.read_text() != text
    ]
    return Outcome.of("alerts and dashboards", findings, f"{len(made)} files are made of them")


def _rule(path: Path) -> str:
    document = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": _name("alerts", path)},
        "spec": {"groups": yaml.safe_load(path.read_text())["groups"]},
    }
    return _written(document)


def _kustomization(dashboards: list[Path]) -> str:
    document = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "configMapGenerator": [
            {"name": _name("dashboard", path), "files": [f"dashboards/{path.name}"]} for path in dashboards
        ],
        "generatorOptions": {"disableNameSuffixHash": True, "labels": {"grafana_dashboard": "1"}},
    }
    return _written(document)


def _written(document: dict[str, Any]) -> str:
    return yaml.dump(document, sort_keys=False, width=WIDTH, allow_unicode=True, Dumper=_Indented)


def _name(kind: str, path: Path) -> str:
    return f"{kind}-{path.stem}".lower().replace("_", "-")


class _Indented(yaml.SafeDumper):
    """Lists stand a step in from their key, as in the files that people write; what is said twice is written twice."""

    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> Any:
        del indentless
        return super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    """Queries of several lines stay so."""
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Indented.add_representer(str, _text)
