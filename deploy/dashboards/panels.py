"""Dashboards as Grafana reads them, of panels that are said in a line each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

SOURCE: Final = {"type": "prometheus", "uid": "${source}"}
WIDE: Final = 24
HEIGHT: Final = 8
Red = tuple[float, float]
"""From where on a figure is yellow, and from where on red; the other way round, below which."""


@dataclass(frozen=True)
class Panel:
    """A picture of one or several queries.

    queries   (expression, legend); in a legend `{{job}}` is a label's value
    unit      as Grafana calls them: s, bytes, reqps, percentunit, currencyUSD, short …
    colors    for single figures: from where on yellow and red
    """

    title: str
    queries: Sequence[tuple[str, str]]
    unit: str = "short"
    about: str = ""
    width: int = 8
    colors: Red | None = None
    is_single: bool = False

    @property
    def height(self) -> int:
        return HEIGHT // 2 if self.is_single else HEIGHT

    def drawn(self, number: int, x: int, y: int) -> dict[str, Any]:
        targets = [
            {
                "refId": chr(ord("A") + place),
                "datasource": SOURCE,
                "expr": expression,
                "legendFormat": legend or "__auto",
            }
            for place, (expression, legend) in enumerate(self.queries)
        ]
        kind = {"type": "stat", "options": _STAT} if self.is_single else {"type": "timeseries", "options": _LINES}
        return {
            "id": number,
            "title": self.title,
            "description": self.about,
            "datasource": SOURCE,
            "gridPos": {"x": x, "y": y, "w": self.width, "h": self.height},
            "fieldConfig": {"defaults": self._look(), "overrides": []},
            "targets": targets,
            **kind,
        }

    def _look(self) -> dict[str, Any]:
        look: dict[str, Any] = {"unit": self.unit, "min": 0}
        if not self.is_single:
            look["custom"] = {"lineWidth": 1, "fillOpacity": 8, "showPoints": "never"}
        if self.colors is not None:
            look["thresholds"] = {"mode": "absolute", "steps": _steps(*self.colors)}
        return look


@dataclass(frozen=True)
class Row:
    """A heading, and what is below it, from left to right."""

    title: str
    panels: Sequence[Panel]


@dataclass(frozen=True)
class Dashboard:
    """`uid` is its lasting address; `variables`: name → the query that gives its values."""

    uid: str
    title: str
    about: str
    rows: Sequence[Row]
    variables: Sequence[tuple[str, str]] = ()

    def drawn(self) -> dict[str, Any]:
        """What Grafana loads."""
        panels: list[dict[str, Any]] = []
        y = 0
        for row in self.rows:
            heading = {"id": len(panels) + 1, "type": "row", "title": row.title, "collapsed": False, "panels": []}
            panels.append({**heading, "gridPos": {"x": 0, "y": y, "w": WIDE, "h": 1}})
            y += 1
            x = tallest = 0
            for panel in row.panels:
                if x + panel.width > WIDE:
                    x, y, tallest = 0, y + tallest, 0
                panels.append(panel.drawn(len(panels) + 1, x, y))
                x, tallest = x + panel.width, max(tallest, panel.height)
            y += tallest
        source = {"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus"}
        return {
            "uid": self.uid,
            "title": self.title,
            "description": self.about,
            "tags": ["biologidex"],
            "timezone": "browser",
            "schemaVersion": 39,
            "editable": False,
            "refresh": "30s",
            "time": {"from": "now-3h", "to": "now"},
            "templating": {"list": [source, *(_variable(*each) for each in self.variables)]},
            "links": [{"type": "dashboards", "tags": ["biologidex"], "title": "BiologiDex", "asDropdown": True}],
            "panels": panels,
        }


def lines(title: str, *queries: tuple[str, str], unit: str = "short", about: str = "", width: int = 8) -> Panel:
    """Over time."""
    return Panel(title, queries, unit, about, width)


def figure(title: str, query: str, unit: str = "short", *, colors: Red | None = None, about: str = "") -> Panel:
    """As it is now."""
    return Panel(title, ((query, ""),), unit, about, 4, colors, is_single=True)


def quantiles(histogram: str, selector: str, *, by: str = "") -> tuple[tuple[str, str], ...]:
    """Median, 95th and 99th percentile of a histogram; `by`: only the 95th, for each value of a label."""
    rate = f"rate({histogram}_bucket{{{selector}}}[$__rate_interval])"
    if by:
        return ((f"histogram_quantile(0.95, sum by (le, {by}) ({rate}))", f"{{{{{by}}}}}"),)
    return tuple(
        (f"histogram_quantile({part}, sum by (le) ({rate}))", f"p{part * 100:g}") for part in (0.5, 0.95, 0.99)
    )


def _variable(name: str, query: str) -> dict[str, Any]:
    return {
        "name": name,
        "type": "query",
        "datasource": SOURCE,
        "query": {"query": query, "refId": "values"},
        "definition": query,
        "refresh": 2,
        "sort": 1,
        "includeAll": False,
        "multi": False,
    }


def _steps(yellow: float, red: float) -> list[dict[str, Any]]:
    if yellow <= red:
        return [{"color": "green", "value": None}, {"color": "yellow", "value": yellow}, {"color": "red", "value": red}]
    return [{"color": "red", "value": None}, {"color": "yellow", "value": red}, {"color": "green", "value": yellow}]


_STAT: Final = {"reduceOptions": {"calcs": ["lastNotNull"]}, "colorMode": "background", "graphMode": "area"}
_LINES: Final = {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi", "sort": "desc"}}
