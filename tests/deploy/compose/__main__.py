"""`python -m tests.deploy.compose [WHAT PYTEST IS TO RUN]`: runs tests that need containers, by default those here.

0 with one line where this machine cannot.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from deploy.check.tools import CHECKOUT, NotThere, python_tools
from tests.deploy.compose import entering, images
from tests.deploy.compose.machine import missing


def main(arguments: list[str]) -> int:
    if reason := missing():
        print(reason, file=sys.stderr)
        return 0
    try:
        compose = python_tools("compose") / "podman-compose"
    except NotThere as why:
        print(f"compose is not run: {why}", file=sys.stderr)
        return 0
    graph = images.provide()
    with tempfile.TemporaryDirectory(prefix="biologidex-compose-", dir="/var/tmp", ignore_cleanup_errors=True) as path:
        environment = entering.prepare(Path(path), [graph])
        environment[entering.PROGRAM] = f"{compose} --in-pod false"
        what = arguments or [str(CHECKOUT / "tests" / "deploy" / "compose")]
        command = (sys.executable, "-m", "pytest", "-m", "containers", "-s", *what)
        return entering.run(Path(path), environment, command)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except subprocess.CalledProcessError as error:
        sys.exit(f"compose is not run: {error}")
