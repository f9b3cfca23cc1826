"""`./bdx keys …`: which keys sign and verify access tokens, and how another one takes over."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from rich.markup import escape
from rich.table import Table

from deploy.commands.places import DEFAULT_FOLDER, DataDir
from deploy.commands.show import as_json, bars, err, out, run
from deploy.keys.ring import NoKey, Ring
from deploy.keys.rotating import WAIT_SECONDS, Step
from deploy.keys.stores import KeyFolder, StackKeys, alone, read
from deploy.operate import composed
from deploy.rollout.place import Place

if TYPE_CHECKING:
    from deploy.keys.rotating import Rotated, Runs

Result = TypeVar("Result")
keys = typer.Typer(name="keys", help="The keys of access tokens.", no_args_is_help=True)

Folder = Annotated[
    Path | None, typer.Option("--folder", help="A folder with the secrets of users, and nobody who runs with them.")
]
Days = Annotated[
    int, typer.Option(min=1, help="How long a refresh token lives: JWT_REFRESH_TOKEN_LIFETIME_DAYS of users.")
]
Json = Annotated[bool, typer.Option("--json", help="For machines: JSON on stdout.")]

NEXT = {
    "publish": "The new key is published as soon as users has read it. Restart users now, one instance after the "
    f"other; wait {WAIT_SECONDS / 60:.0f} minutes; then go on with: {{again}}",
    "sign": "The new key signs as soon as users has read it. Restart users now, one instance after the other. "
    "The old key is published until its tokens have ended; the next rotation takes it away.",
    "retire": "Tokens of other keys are refused by whoever starts from now on. Restart users now, then all other "
    "services and the gateways: until then they know the old key.",
}
RESTARTS = """
  kubectl -n biologidex create secret generic users --from-file={folder} --dry-run=client -o yaml | kubectl apply -f -
  kubectl -n biologidex rollout restart {whom}
"""


@keys.command("list")
def list_keys(data_dir: DataDir = None, folder: Folder = None, days: Days = 7, json: Json = False) -> None:
    """The keys that sign and verify, and until when a retired one is needed."""
    store = _store(data_dir, folder)
    ring = _done(lambda: read(store))
    rows = list(_rows(ring, timedelta(days=days)))
    if json:
        as_json({"count": len(rows), "results": rows})
        return
    table = Table("key", "", "retired (UTC)", "needed until (UTC)")
    for row in rows:
        moments = (row["retired_at"], row["needed_until"])
        table.add_row(row["key_id"], row["state"], *(f"{at:%Y-%m-%d %H:%M}" if at else "" for at in moments))
    out.print(table)


@keys.command("rotate")
def rotate_keys(
    data_dir: DataDir = None,
    folder: Folder = None,
    retire_now: Annotated[
        bool, typer.Option("--retire-now", help="A key has leaked: all tokens end at once, everybody signs in again.")
    ] = False,
    wait: Annotated[float, typer.Option(min=0, help="Seconds between publishing and signing.")] = WAIT_SECONDS,
    days: Days = 7,
    json: Json = False,
) -> None:
    """Make a new signing key. A running stack or compose project is taken through all steps; no player notices.

    With --folder (secrets that are on their way to a cluster) each call takes one step, and says what comes next.
    """
    store, lifetime = _store(data_dir, folder), timedelta(days=days)
    if isinstance(store, StackKeys) or folder is None:
        done = _through(store, lifetime, wait=wait, is_leaked=retire_now)
        if json:
            as_json({"signs": done.signs, "retired": done.retired, "forgotten": done.forgotten})
        else:
            out.print(f"[green]{done.signs}[/] signs.")
            _tell("published until their tokens end", done.retired)
            _tell("worth nothing from now on", done.forgotten)
        return
    step, ring = _done(lambda: _one_step(store, lifetime, is_leaked=retire_now))
    if json:
        as_json({"step": step, "signs": ring.key_id, "next": ring.next_id, "published": [ring.key_id, *ring.others]})
        return
    again = f"./bdx keys rotate --folder {store.folder}"
    whom = "deployment" if step == "retire" else "deployment/users"
    out.print(NEXT[step].format(again=again), RESTARTS.format(folder=store.folder, whom=whom), markup=False)


def _through(store: KeyFolder | StackKeys, lifetime: timedelta, *, wait: float, is_leaked: bool) -> "Rotated":
    from deploy.keys.rotating import replace_leaked, rotate
    from deploy.keys.stack import NotTaken
    from deploy.rollout.failure import NotDone

    async def work() -> "Rotated":
        with _running(store) as runs, alone(store), bars() as show:
            if is_leaked:
                return await replace_leaked(store, runs, show, lifetime=lifetime)
            return await rotate(store, runs, show, lifetime=lifetime, wait=wait)

    return run(work(), NoKey, NotTaken, NotDone)


@contextmanager
def _running(store: KeyFolder | StackKeys) -> "Iterator[Runs]":
    """Who runs with these keys; nobody deploys meanwhile."""
    if isinstance(store, StackKeys):
        from deploy.keys.stack import RunningStack

        stack = RunningStack(store.folder)
        stack.processes()  # Before anything is changed: it has to run.
        yield stack
        return
    from deploy.keys.project import RunningProject
    from deploy.rollout.engine import find_engine

    with Place().alone():
        yield RunningProject(find_engine(Place()), err.print)


def _one_step(store: KeyFolder, lifetime: timedelta, *, is_leaked: bool) -> tuple[Step, Ring]:
    from deploy.keys.rotating import next_step, take_step

    with alone(store):
        if is_leaked:
            take_step(store, "sign", lifetime=lifetime)
            return "retire", take_step(store, "retire", lifetime=lifetime)
        step = next_step(read(store))
        return step, take_step(store, step, lifetime=lifetime)


def _store(data_dir: Path | None, folder: Path | None) -> KeyFolder | StackKeys:
    """What is named; else a stack by DATA_DIR, the compose project of this checkout, or the stack in `.data`."""
    if folder is not None and data_dir is not None:
        raise typer.BadParameter("--folder or --data-dir, not both")
    named = data_dir or (Path(os.environ["DATA_DIR"]) if os.environ.get("DATA_DIR") and folder is None else None)
    if named is None and (folder is not None or composed.is_configured()):
        return KeyFolder((folder or Place().folder / "secrets" / "users").resolve())
    return StackKeys((named or Path(DEFAULT_FOLDER)).resolve())


def _rows(ring: Ring, lifetime: timedelta) -> "list[dict[str, Any]]":
    def row(name: str, state: str) -> dict[str, Any]:
        until = ring.needed_until(name, lifetime)
        over = " (may go: the next rotation takes it away)" if until and until < datetime.now(UTC) else ""
        return {"key_id": name, "state": state + over, "retired_at": ring.retired_at.get(name), "needed_until": until}

    others = [row(name, "next" if name == ring.next_id else "retired") for name in ring.others]
    return [row(ring.key_id, "signs"), *others]


def _tell(what: str, names: tuple[str, ...]) -> None:
    if names:
        out.print(f"{what.capitalize()}: {', '.join(names)}.")


def _done(work: Callable[[], Result]) -> Result:
    try:
        return work()
    except (NoKey, OSError) as error:
        err.print(f"[red]It did not go through:[/] {escape(str(error))}")
        sys.exit(1)
