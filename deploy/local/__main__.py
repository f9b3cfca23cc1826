"""`python -m deploy.local dev`: the embedded stack by itself."""

import sys

from deploy.local.platforms import unsupported


def main(arguments: list[str]) -> int:
    """Run `dev`; 2 for anything else, and where the stack cannot run."""
    if arguments != ["dev"]:
        print("usage: python -m deploy.local dev", file=sys.stderr)
        return 2
    if reason := unsupported():
        print(reason, file=sys.stderr)
        return 2
    # Only now: on a platform without the packages this would fail with less to say.
    from deploy.local.dev import run_dev

    return run_dev()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
