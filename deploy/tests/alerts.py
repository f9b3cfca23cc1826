"""The alert rules as they are written, for the tests of their cases and of their pages."""

import re
from pathlib import Path
from typing import Any, Final

import yaml

from deploy.check.alerting import PROMETHEUS


def rules_of(path: Path) -> list[dict[str, Any]]:
    """Recordings and alerts of one file."""
    return [rule for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"]]


RULES: Final = [rule for path in sorted(PROMETHEUS.glob("rules/*.yml")) for rule in rules_of(path)]
ALERTS: Final = [rule for rule in RULES if "alert" in rule]
NAMES: Final = {rule["alert"] for rule in ALERTS}


def page_of(alert: str) -> str:
    """Where the page of an alert has to be, from the root of the checkout."""
    return "docs/runbooks/" + re.sub(r"(?<!^)(?=[A-Z])", "-", alert).lower() + ".md"
