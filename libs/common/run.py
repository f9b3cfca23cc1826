"""Runs one service: `python -m libs.common.run services.users.app:app`, on HOST and PORT of the environment.

Without an argument it runs APP, as the images name it (deploy/Dockerfile).
Where other instances go on, `DRAIN_SECONDS` lets the process leave without losing a request (docs/decisions/0014);
`GRACE_SECONDS` is how long requests may go on after that. Nobody is left to hand over to in the embedded stack: there
the one is 0 and the other short, and a stop is quick.
"""

import os
import sys

import uvicorn

from libs.common.departure import DepartingServer
from libs.common.shedding import MOST_AT_ONCE, SheddingProtocol

GRACE_SECONDS = 5.0
LINGER_SECONDS = 0.5


def main(target: str) -> None:
    """Serves `target` until SIGTERM; our own logs, no second one."""
    drain = float(os.environ.get("DRAIN_SECONDS") or 0)
    grace = float(os.environ.get("GRACE_SECONDS") or GRACE_SECONDS)
    SheddingProtocol.linger_seconds = LINGER_SECONDS if drain else 0
    SheddingProtocol.most_at_once = int(os.environ.get("SERVICE_MAX_IN_FLIGHT") or MOST_AT_ONCE)
    config = uvicorn.Config(
        target,
        host=os.environ.get("HOST", "127.0.0.1"),
        port=int(os.environ.get("PORT", "8000")),
        loop="uvloop",
        http=SheddingProtocol,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=False,
        timeout_graceful_shutdown=grace,  # type: ignore[arg-type]  # It is waited for as it is; half seconds are fine.
        timeout_keep_alive=75,
    )
    DepartingServer(config, drain_seconds=drain).run()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else os.environ["APP"])
