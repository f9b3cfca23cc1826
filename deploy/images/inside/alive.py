"""An image's health check: 0 if the process on PORT answers 200 at /health/, or at the path that is given.

Standard library only, and little of it: it runs every few seconds beside each process.
"""

import os
import socket
import sys

SECONDS = 2.5


def is_well(port: int, path: str) -> bool:
    """Whether the answer is 200. To import an HTTP client would cost more than to ask."""
    question = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as connection:
            connection.sendall(question.encode())
            status = connection.makefile("rb").readline()
    except OSError:
        return False
    return status.split()[1:2] == [b"200"]


if __name__ == "__main__":
    sys.exit(not is_well(int(os.environ.get("PORT") or 8000), sys.argv[1] if len(sys.argv) > 1 else "/health/"))
