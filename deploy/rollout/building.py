"""Builds the images of a deploy: what `make images` does, under the tag that is deployed."""

import subprocess
import sys
from collections.abc import Sequence

from deploy.rollout.failure import NotDone
from deploy.rollout.place import HERE


def build(units: Sequence[str], prefix: str, tag: str) -> None:
    """Shows on stderr how far it is.

    Raises:
        NotDone: an image could not be built. Nothing has been changed then.
    """
    command = (sys.executable, "-m", "deploy.images", *units, "--tag", tag, "--prefix", prefix)
    done = subprocess.run(command, cwd=HERE.parent, stdout=sys.stderr, check=False, start_new_session=True)
    if done.returncode != 0:
        raise NotDone("not all images could be built")
