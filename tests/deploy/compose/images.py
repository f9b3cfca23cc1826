"""The images that compose needs: ours, and stand-ins for those of others, in the store that images are tested in."""

import os
import sys
from pathlib import Path

from deploy.images.plan import ALL, NEWEST, state_of_the_checkout
from deploy.images.tests.store import Store, opened
from tests.deploy.compose import stand_ins

KEPT = "IMAGES_KEPT"
"""Set by whoever has just built ours: they are taken as they are."""
REVISION = "org.opencontainers.image.revision"


def provide() -> Path:
    """Makes what is missing, and ours anew unless they are of this very commit; returns the folder of the images."""
    store = opened()
    stand_ins.make(store.environment)
    if old := [name for name in ALL if not _is_current(store, name)]:
        print(f"images are built: {' '.join(old)}", file=sys.stderr, flush=True)
        for built in store.build(*old):
            if built["error"]:
                raise RuntimeError(f"{built['service']} could not be built: {built['error']}")
    return store.folder / "graph"


def _is_current(store: Store, service: str) -> bool:
    try:
        labels = store.look(f"biologidex/{service}:{NEWEST}")["Labels"]
    except AssertionError:
        return False
    checkout = state_of_the_checkout()
    is_of_this_commit = labels.get(REVISION) == checkout.revision and not checkout.changed
    return KEPT in os.environ or is_of_this_commit
