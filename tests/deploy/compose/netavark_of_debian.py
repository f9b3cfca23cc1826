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
ANNOUNCED = "echo 1 > /proc/sys/net/ipv4/conf/{}/arp_notify"
"""When a link is given a hardware address."""


def main(arguments: list[str]) -> int:
    done = subprocess.run((REAL, *arguments), check=False)
    for bridge in links("type", "bridge"):
        own_address(bridge)
    if "setup" in arguments:
        inside = ("nsenter", f"--net={arguments[-1]}")
        for link in links(inside=inside):
            if link["ifname"] != "lo":
                subprocess.run((*inside, "sh", "-c", ANNOUNCED.format(link["ifname"])), check=False)
                own_address(link, inside)
    return done.returncode


def links(*which: str, inside: tuple[str, ...] = ()) -> list[dict[str, str]]:
    listed = subprocess.run((*inside, IP, "-json", "link", "show", *which), capture_output=True, check=False)
    found: list[dict[str, str]] = json.loads(listed.stdout or "[]")
    return [each for each in found if "ifname" in each]


def own_address(link: dict[str, str], inside: tuple[str, ...] = ()) -> None:
    """Gives it the address that it has: a bridge keeps what it was told."""
    subprocess.run((*inside, IP, "link", "set", "dev", link["ifname"], "address", link["address"]), check=False)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
