"""Stands before netavark 1.4 (Debian 12), whose bridges take another hardware address when a container comes or goes.

Who has asked a bridge before goes on to the old one for some nine seconds: no name is found, and nobody comes in at a
published port. A bridge that is told its address keeps it, as those of docker do. Standard library only.
"""

import json
import shutil
import subprocess
import sys

REAL = shutil.which("netavark", path="/usr/libexec/podman:/usr/lib/podman") or "/usr/lib/podman/netavark"
IP = shutil.which("ip", path="/usr/sbin:/sbin:/usr/bin:/bin") or "/usr/sbin/ip"


def main(arguments: list[str]) -> int:
    done = subprocess.run((REAL, *arguments), check=False)
    listed = subprocess.run((IP, "-json", "link", "show", "type", "bridge"), capture_output=True, check=False)
    for bridge in json.loads(listed.stdout or "[]"):
        if "ifname" in bridge:
            subprocess.run((IP, "link", "set", "dev", bridge["ifname"], "address", bridge["address"]), check=False)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
