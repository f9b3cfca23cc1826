"""Where the embedded stack can run; readable for every Python 3, since an old one must be able to say so."""

from __future__ import annotations

import os
import platform
import sys


def unsupported() -> str | None:
    """Why the embedded stack cannot run here, in one sentence; None where it can."""
    if sys.version_info < (3, 11):  # noqa: UP036 - this is the place that says so
        return f"BiologiDex needs Python 3.11 or newer; this is {platform.python_version()}."
    if sys.platform not in ("linux", "darwin"):
        return "The embedded stack runs on Linux and macOS only; on Windows use WSL 2."
    if platform.machine().lower() not in ("x86_64", "amd64", "aarch64", "arm64"):
        return f"There are no PostgreSQL and NATS packages for the processor {platform.machine()}."
    if sys.platform == "linux" and not _is_glibc():
        return "There is no PostgreSQL package for musl (Alpine); a Linux with glibc is needed, such as Debian."
    return None


def _is_glibc() -> bool:
    try:
        return (os.confstr("CS_GNU_LIBC_VERSION") or "").startswith("glibc")
    except (ValueError, OSError):
        return False


if __name__ == "__main__":
    reason = unsupported()
    if reason:
        print(reason, file=sys.stderr)
        sys.exit(2)
