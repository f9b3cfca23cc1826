"""Become a program: give up root where asked, end with the parent, then exec.

Run by path as `python -I -S launch.py SIGNAL USER PARENT COMMAND…` (standard library only, about 15 ms), because a
`preexec_fn` is not safe in a parent with threads. The pid stays the one the parent was told.

SIGNAL  number of the signal to get when the parent dies (Linux only; elsewhere the guardian is alone with that)
USER    `uid:gid` to become, or `-` to stay who we are
PARENT  pid of the parent; when it has died already, the program is not started
"""

import ctypes  # Now: the user we become may not be able to read Python's own folder.
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    # PostgreSQL's stop signal. Exec forgets what Python's handler has noted and keeps what a parent has ignored.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal_number, user, parent = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    if user != "-":
        uid, gid = (int(part) for part in user.split(":"))
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux":
        # After setuid, which clears it; exec keeps it.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(1)
    os.execv(sys.argv[4], sys.argv[4:])


if __name__ == "__main__":
    main()
