"""Stands before netavark 1.4 (Debian 12), and does two things that docker and newer ones do by themselves.

A bridge keeps its hardware address when a container comes or goes. Who has asked it before would go on to the old one
for some nine seconds: no name would be found, and nobody come in at a published port.

A container announces itself when it comes to an address. Who has known another one there would go on to that for up to
53 s: a deploy waits so long for the front (docs/decisions/0018). Standard library only.
"""

import json
import shutil
import subprocess
import sys

REAL = shutil.which("netavark", path="/usr/libexec/podman:/usr/lib/podman") or "/usr/lib/podman/netavark"
IP = shutil.which("ip", path="/usr/sbin:/sbin:/usr/bin:/bin") or "/usr/sbin/ip"
ANNOUNCE = "echo 1 > /proc/sys/net/ipv4/conf/default/arp_notify"
"""For every link that comes up from then on."""


def main(arguments: list[str]) -> int:
    if "setup" in arguments:
        subprocess.run(("nsenter", f"--net={arguments[-1]}", "sh", "-c", ANNOUNCE), check=False)
    done = subprocess.run((REAL, *arguments), check=False)
    listed = subprocess.run((IP, "-json", "link", "show", "type", "bridge"), capture_output=True, check=False)
    for bridge in json.loads(listed.stdout or "[]"):
        if "ifname" in bridge:
            subprocess.run((IP, "link", "set", "dev", bridge["ifname"], "address", bridge["address"]), check=False)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
