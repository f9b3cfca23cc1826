"""`./bdx deploy`: a new version of the compose project without a gap, and the way back."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from deploy.commands.show import as_json, err

if TYPE_CHECKING:
    from deploy.rollout.deploying import Outcome
    from deploy.rollout.plan import Plan

FAILED = 1


def roll_out(
    tag: Annotated[str, typer.Option("--tag", help="Of the images (default: the commit of this checkout).")] = "",
    service: Annotated[list[str] | None, typer.Option("--service", help="Only this one; may be repeated.")] = None,
    build: Annotated[bool, typer.Option("--build", help="Build the images here first.")] = False,
    pull: Annotated[bool, typer.Option("--pull", help="Fetch the images first.")] = False,
    skip_backup: Annotated[bool, typer.Option("--skip-backup", help="Without a backup before.")] = False,
    skip_migrate: Annotated[bool, typer.Option("--skip-migrate", help="Leave the tables as they are.")] = False,
    rollback: Annotated[bool, typer.Option("--rollback", help="Back to the release before this one.")] = False,
    maintenance: Annotated[bool, typer.Option("--maintenance", help="The front answers 503 meanwhile.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: Annotated[bool, typer.Option("--json", help="For machines: JSON on stdout.")] = False,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--folder",
            help="With compose.yml and .env (default: deploy of this checkout).",
            exists=True,
            file_okay=False,
        ),
    ] = None,
    ready_seconds: Annotated[float, typer.Option(min=1, help="So long a new container may take.")] = 90.0,
) -> None:
    """Bring a version to the compose project: back up, migrate, replace one by one, verify; or all the way back."""
    from deploy.rollout.choosing import plan_back, plan_for
    from deploy.rollout.deploying import run_deploy
    from deploy.rollout.engine import find_engine
    from deploy.rollout.failure import NotDone
    from deploy.rollout.journal import Journal
    from deploy.rollout.place import Place
    from deploy.rollout.plan import UNITS, Options

    for name in service or ():
        if name not in UNITS:
            raise typer.BadParameter(f"{name} is none of {', '.join(UNITS)}")
    if build and pull:
        raise typer.BadParameter("--build or --pull, not both")
    if rollback and (build or tag or service):
        raise typer.BadParameter("--rollback goes to what is recorded; it takes no --tag, --service or --build")
    if json and not yes:
        raise typer.BadParameter("--json does not ask; say --yes with it")
    options = Options("build" if build else "pull" if pull else "", not skip_backup, not skip_migrate, maintenance)
    place = Place(folder.resolve()) if folder else Place()
    try:
        with place.alone():
            engine = find_engine(place)
            if rollback:
                plan = plan_back(place, engine, options)
            else:
                plan = plan_for(place, engine, service or (), tag, options)
            _announce(plan, engine.name)
            if not yes:
                typer.confirm("Go on?", abort=True, err=True)
            journal = Journal(err.print)
            outcome = run_deploy(place, engine, plan, journal, ready_seconds=ready_seconds)
    except NotDone as failure:
        err.print(f"[red]It did not go through:[/] {failure}", markup=True)
        sys.exit(FAILED)
    if json:
        as_json({**asdict(outcome), "from": plan.before, "to": plan.after, "steps": [asdict(s) for s in journal.steps]})
    else:
        _tell(outcome, plan)
    sys.exit(0 if outcome.holds else FAILED)


def _announce(plan: "Plan", engine: str) -> None:
    table = Table("", "runs", "then")
    for unit in plan.after:
        after = plan.after[unit]
        table.add_row(unit, plan.before.get(unit, ""), f"[bold]{after}[/]" if unit in plan.units else after)
    err.print(table)
    err.print(f"By {engine}: {' · '.join(plan.steps)}")


def _tell(outcome: "Outcome", plan: "Plan") -> None:
    if outcome.holds:
        err.print(f"[green]It holds:[/] {', '.join(f'{unit} {plan.after[unit]}' for unit in plan.units)}.")
        return
    old = ", ".join(f"{unit} {plan.before[unit]}" for unit in plan.units)
    err.print(f"[red]It did not go through:[/] {outcome.failure}", markup=True)
    if outcome.way_back == "failed":
        err.print(f"[red]The way back did not go through either:[/] {outcome.state}")
        err.print("What is named serves as it stands. Look at it (./bdx status), then: ./bdx deploy --rollback")
    else:
        untouched = "nothing was replaced" if outcome.way_back == "none" else "everything was taken back"
        err.print(f"[yellow]The old version serves ({old}); {untouched}.[/]")
