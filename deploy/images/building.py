"""Builds images one after the other, and shows on one line where it is."""

import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from deploy.commands.show import err
from deploy.images.plan import Plan
from deploy.images.programs import Program
from deploy.images.visitors import Visitors, invited

LAST_LINES: Final = 20
WIDTH: Final = 60

Say = Callable[[str], None]


@dataclass(frozen=True)
class Built:
    """What became of one image; `error`: the last words of what failed, else empty."""

    service: str
    images: tuple[str, ...]
    size: str
    seconds: float
    pushed: bool
    error: str


def build(program: Program, plan: Plan, services: Sequence[str], *, push: bool) -> list[Built]:
    """All of them, also when one fails: the others may be somebody else's."""
    done = []
    with invited() as visitors, _progress(len(services)) as progress:
        if program.is_docker and visitors.folders:
            places = ", ".join(str(folder) for folder in visitors.folders)
            err.print(f"docker cannot lend these folders of packages to a build, podman and buildah can: {places}")
        for service in services:
            built = _build_one(program, plan, service, visitors, push=push, say=progress.about(service))
            if built.error:
                err.print(f"[red]{service} could not be built:[/]\n{escape(built.error)}", markup=True, soft_wrap=True)
            done.append(built)
            progress.next()
    return done


def _build_one(program: Program, plan: Plan, service: str, visitors: Visitors, *, push: bool, say: Say) -> Built:
    began = time.monotonic()
    images = plan.images(service)
    error = _run(program.building(plan, service, visitors), say)
    pushed = False
    if push and not error:
        for image in images:
            error = error or _run(program.pushing(image), say)
        pushed = not error
    size = "" if error else program.size_of(images[0])
    return Built(service, images, size, round(time.monotonic() - began, 1), pushed, error)


def _run(command: list[str], say: Say) -> str:
    """Its last words if it failed, else nothing."""
    said: list[str] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if words := line.strip():
                said.append(words)
                say(words)
    if process.returncode == 0:
        return ""
    return "\n".join(said[-LAST_LINES:]) or f"{command[0]} ended with {process.returncode}"


class _Line:
    """The line on which the work is shown; away from a terminal, one line for each image."""

    def __init__(self, progress: Progress, count: int) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=count)

    def about(self, service: str) -> Say:
        self._progress.update(self._task, description=service)
        if not err.is_terminal:
            err.print(f"{service} ...")
        return lambda words: self._progress.update(self._task, description=escape(f"{service}: {words[:WIDTH]}"))

    def next(self) -> None:
        self._progress.advance(self._task)


@contextmanager
def _progress(count: int) -> Iterator[_Line]:
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=err, disable=not err.is_terminal) as progress:
        yield _Line(progress, count)
