"""Runs one service: `python -m libs.common.run services.users.app:app`, on HOST and PORT of the environment."""

import os
import sys

import uvicorn

from libs.common.sockets import GuardedProtocol

GRACE_SECONDS = 5


def main(target: str) -> None:
    """Serves `target` until SIGTERM; our own logs, no second one."""
    uvicorn.run(
        target,
        host=os.environ.get("HOST", "127.0.0.1"),
        port=int(os.environ.get("PORT", "8000")),
        loop="uvloop",
        http=GuardedProtocol,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_keep_alive=75,
    )


if __name__ == "__main__":
    main(sys.argv[1])
