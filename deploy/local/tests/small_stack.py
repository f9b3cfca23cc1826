"""A stack of three stand-ins: `python -m deploy.local.tests.small_stack DATA_DIR PORT` runs it as `make dev` would."""

import sys
from pathlib import Path

from deploy.local.dev import with_stack
from deploy.local.stack import Stack
from deploy.local.topology import Process, Topology

STAND_IN = "deploy.local.tests.stand_in:app"
SMALL = Topology(
    (
        Process("users", STAND_IN, "users", "USERS_URL", signs_tokens=True),
        Process("dex", STAND_IN, "dex", "DEX_URL"),
        Process("gateway", STAND_IN, None, "GATEWAY_URL", edge=True),
    )
)


def serve(stack: Stack) -> int:
    print(f"ready {stack.url}", flush=True)
    stack.wait()
    return 1


if __name__ == "__main__":
    sys.exit(with_stack(serve, topology=SMALL, data_dir=Path(sys.argv[1]), port=int(sys.argv[2])))
