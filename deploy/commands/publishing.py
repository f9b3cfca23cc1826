"""`./bdx schemas`: publishes what others rely on; with `--release`, as what has gone out."""

import sys
from typing import Annotated

import typer

from deploy.commands import schemas
from deploy.commands.show import err, out
from deploy.compatibility.history import NotInHistory, current_commit, remember_release
from deploy.compatibility.sides import CODE, PUBLISHED, RELEASED, NotDescribed, keep, side


def publish_schemas(
    release: Annotated[
        bool, typer.Option("--release", help="Keep them in schemas/released too: this commit's code goes out.")
    ] = False,
) -> None:
    """Publish the schemas of all services to schemas/, those of the events to libs/contracts/schemas.

    An event's schema may only grow: the tests hold that, and whatever would break it is refused here.
    """
    try:
        names = schemas.publish()
        told = side(CODE)
        keep(told, PUBLISHED)
        if release:
            keep(told, RELEASED)
            remember_release(current_commit())
    except (schemas.PromiseBroken, NotDescribed, NotInHistory) as error:
        err.print(f"[red]They are not published:[/] {error}")
        sys.exit(1)
    out.print(f"{len(names)} events and {len(told)} services are published{', as released' if release else ''}.")
