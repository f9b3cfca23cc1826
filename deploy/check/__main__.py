"""`python -m deploy.check [--json] [--write]`: looks over deploy/; 1 if something is wrong.

It needs Python only; what a check needs beyond that it fetches into .cache/check-deploy, or is skipped with a word.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict

from rich.table import Table

from deploy.check import alerting, checkov, composition, figures, files, migrations, schemas, servers, watching
from deploy.check.cluster import Cluster
from deploy.check.house import findings
from deploy.check.outcome import Outcome
from deploy.check.rendering import HOW_TO_INSTALL, NotRendered, cluster_of, has_kubectl, overlays, render
from deploy.commands.show import as_json, out

COLORS = {"good": "green", "bad": "red", "skipped": "yellow"}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m deploy.check", description="Looks over what is deployed.")
    parser.add_argument("--json", action="store_true", help="for machines")
    parser.add_argument(
        "--write", action="store_true", help="make what is made of alert rules and dashboards; no check"
    )
    given = parser.parse_args(arguments)
    if given.write:
        for path in watching.write():
            out.print(f"{path} is written")
        return 0
    outcomes = list(_outcomes())
    if given.json:
        as_json([asdict(outcome) for outcome in outcomes])
    else:
        _show(outcomes)
    return int(any(outcome.state == "bad" for outcome in outcomes))


def _outcomes() -> Iterator[Outcome]:
    yield files.yaml_is_tidy()
    yield files.the_dockerfile_is_good()
    yield files.compose_is_valid()
    yield composition.keeps_the_rules()
    yield watching.is_current()
    yield from migrations.look()
    yield figures.exist()
    yield from alerting.look()
    if not has_kubectl():
        yield Outcome.skipped("manifests", HOW_TO_INSTALL)
        return
    try:
        texts = {overlay.name: render(overlay) for overlay in overlays()}
    except NotRendered as error:
        yield Outcome("manifests", "bad", tuple(str(error).splitlines()))
        return
    clusters = {name: cluster_of(text) for name, text in texts.items()}
    yield of_the_house(clusters)
    of_clusters: tuple[Callable[[dict[str, Cluster]], Outcome], ...] = (
        servers.the_bus_reads_its_configuration,
        servers.the_front_reads_its_configuration,
        schemas.of_operators,
    )
    yield from (look(clusters) for look in of_clusters)
    yield schemas.of_kubernetes(texts)
    yield checkov.look(texts)


def of_the_house(clusters: dict[str, Cluster]) -> Outcome:
    """Our own rules, for each overlay."""
    found = [f"{name}: {line}" for name, cluster in clusters.items() for line in findings(cluster)]
    looked_at = ", ".join(f"{name}: {len(cluster.documents)} documents" for name, cluster in clusters.items())
    return Outcome.of("rules of the house", found, looked_at)


def _show(outcomes: list[Outcome]) -> None:
    table = Table(box=None, padding=(0, 2))
    table.add_column("check")
    table.add_column("")
    table.add_column("")
    for outcome in outcomes:
        table.add_row(outcome.name, f"[{COLORS[outcome.state]}]{outcome.state}[/]", "\n".join(outcome.lines))
    out.print(table)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
