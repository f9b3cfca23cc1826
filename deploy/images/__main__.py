"""`python -m deploy.images [SERVICE …]`: builds all images or those that are named; 1 if one could not be built."""

import argparse
import os
import shlex
import sys
from dataclasses import asdict

from rich.table import Table

from deploy.commands.show import as_json, err, out
from deploy.images.building import Built, build
from deploy.images.plan import ALL, Plan, state_of_the_checkout
from deploy.images.programs import NoneFound, find

NOTHING_TO_DO = 2


def main(arguments: list[str]) -> int:
    given = _parser().parse_args(arguments)
    checkout = state_of_the_checkout()
    if given.push and checkout.changed and not given.tag:
        err.print("What is not committed is not pushed: nobody could say what it is. Commit it, or name it by --tag.")
        return NOTHING_TO_DO
    try:
        program = find(shlex.split(given.program))
    except NoneFound as error:
        err.print(str(error))
        return NOTHING_TO_DO
    plan = Plan(given.prefix, tuple(given.tag or checkout.tags), checkout, given.base)
    # Twice the same name is once the same image.
    done = build(program, plan, tuple(dict.fromkeys(given.service)) or ALL, push=given.push)
    if given.json:
        as_json([asdict(each) for each in done])
    else:
        _show(done)
    return int(any(each.error for each in done))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m deploy.images", description="Builds images with docker, podman or buildah, whichever is there."
    )
    # Not by `choices`: no name at all is none of them, says Python 3.11.
    parser.add_argument("service", nargs="*", type=_service, metavar="SERVICE", help=f"{', '.join(ALL)} (all)")
    parser.add_argument("--base", default=os.environ.get("BASE", ""), help="the image to build upon (the Dockerfile's)")
    parser.add_argument(
        "--prefix", default=os.environ.get("IMAGE_PREFIX") or "biologidex", help="what their names begin with"
    )
    parser.add_argument("--tag", action="append", help="may be repeated (the commit, and latest)")
    parser.add_argument(
        "--with", dest="program", default="", metavar="PROGRAM", help='with this one, for example "podman --root /dir"'
    )
    parser.add_argument("--push", action="store_true", help="push them, under all their tags")
    parser.add_argument("--json", action="store_true", help="for machines")
    return parser


def _service(name: str) -> str:
    if name not in ALL:
        raise argparse.ArgumentTypeError(f"{name} is none of {', '.join(ALL)}")
    return name


def _show(done: list[Built]) -> None:
    table = Table(box=None, padding=(0, 2))
    for column in ("image", "", "size", "time"):
        table.add_column(column)
    for each in done:
        state = "[red]failed[/]" if each.error else "[green]pushed[/]" if each.pushed else "[green]built[/]"
        table.add_row("\n".join(each.images), state, each.size, f"{each.seconds:.0f} s")
    out.print(table)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
