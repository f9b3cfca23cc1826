"""`./bdx compatible gateway@released dex@code`: may these run together? (docs/independent-deployment.md)"""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from itertools import combinations
from typing import Annotated, Any, Final

import typer
from rich.table import Table

from deploy.commands.show import as_json, err, out
from deploy.compatibility.history import NotInHistory
from deploy.compatibility.pairs import PLAYERS, Finding, Version, between
from deploy.compatibility.sides import AGES, CODE, RELEASE, NotDescribed, Side, side

HOW: Final = "SERVICE@SIDE; SIDE is code, published (schemas/), released (schemas/released/) or a commit"


def compatible(
    one: Annotated[str | None, typer.Argument(help=f"{HOW}; 'players' is who came by the gateway then.")] = None,
    other: Annotated[str | None, typer.Argument(help="As the first; none: every service against every other.")] = None,
    as_machine: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Say whether two versions of two services may run together; 1 if not.

    Without arguments: everything as released against everything as the code here has it, both ways. What an order of
    deployment solves is named then, and does not fail.
    """
    try:
        if one is None:
            findings = list(everything({CODE: side(CODE), RELEASE: side(RELEASE)}))
            fails = any(finding.first is None for finding in findings)
            asked = "the release and the code here"
        else:
            findings = _of_two(one, other or "")
            fails = bool(findings)
            asked = f"{one} and {other}"
    except (NotDescribed, NotInHistory) as error:
        err.print(f"[red]It cannot be said:[/] {error}")
        sys.exit(2)
    if as_machine:
        as_json({"compatible": not fails, "findings": [asdict(finding) for finding in findings]})
    else:
        _show(asked, findings, fails=fails)
    sys.exit(int(fails))


def everything(sides: dict[str, Side]) -> Iterator[Finding]:
    """The old ones with the new ones in all pairs, and the players of yesterday with the services of today."""
    old, new = sides[RELEASE], sides[CODE]
    services = sorted(set(old) & set(new))
    for service in services:
        yield from between(_version(PLAYERS, RELEASE, old[service]), _version(service, CODE, new[service]))
        # Two instances of one service meet while it is rolled: by the log alone, they do not call each other.
        yield from between(_version(service, RELEASE, old[service]), _version(service, CODE, new[service]))
    for here, there in combinations(services, 2):
        for first, second in ((here, there), (there, here)):
            yield from between(_version(first, RELEASE, old[first]), _version(second, CODE, new[second]))


def _of_two(one: str, other: str) -> list[Finding]:
    parts = [name.partition("@")[::2] for name in (one, other)]
    for name, (_, where) in zip((one, other), parts, strict=True):
        if not where:
            raise typer.BadParameter(f"{name!r} is not {HOW}")
    (first, first_side), (second, second_side) = parts
    sides = {where: side(where) for where in dict.fromkeys((first_side, second_side))}
    if {first, second} == {PLAYERS}:
        raise typer.BadParameter("players need a service")
    told = [
        sides[where][_known(partner if service == PLAYERS else service, sides[where])]
        for (service, where), partner in zip(parts, (second, first), strict=True)
    ]
    return between(_version(first, first_side, told[0]), _version(second, second_side, told[1]))


def _known(service: str, told: Side) -> str:
    if service not in told:
        raise typer.BadParameter(f"{service} is none of {', '.join(sorted(told))}")
    return service


def _version(service: str, where: str, told: Mapping[str, Any]) -> Version:
    return Version(service, where, told, AGES.get(where))


def _show(asked: str, findings: list[Finding], *, fails: bool) -> None:
    if findings:
        table = Table(box=None, padding=(0, 2))
        for column in ("asks or reads", "answers or tells", "about", "problem", "deploy first"):
            table.add_column(column)
        for found in findings:
            table.add_row(found.asking, found.answering, found.about, found.problem, found.first or "")
        out.print(table)
    verdict = "[red]do not go together[/]" if fails else "[green]go together[/]"
    out.print(f"{asked[0].upper()}{asked[1:]} {verdict}" + (", in that order." if findings and not fails else "."))
