"""What compose needs of this machine to be run for a test, and what of it is not there."""

import os
import shutil
import subprocess
import sys

from deploy.check.tools import CHECKOUT

PROGRAMS = {
    "podman": "podman",
    "crun": "crun",
    "buildah": "buildah",
    "debootstrap": "debootstrap",
    "iptables": "iptables",
    "busybox": "busybox",
    "nginx": "nginx-light",
    "wget": "wget",
    "catatonit": "catatonit",
    "netavark": "netavark",
    "aardvark-dns": "aardvark-dns",
    "ip": "iproute2",
}
"""Program → Debian's package of it."""
DISK_BYTES = 10e9
"""For images and everything that containers write; a run took 4 GB."""
FOLDERS = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin", "/usr/lib/podman", "/usr/libexec/podman"))


def missing() -> str:
    """One line, empty where everything is there."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "compose is run for a test as root on Linux only: it makes a network and mounts of its own"
    packages = [package for program, package in PROGRAMS.items() if not shutil.which(program, path=FOLDERS)]
    if packages:
        return f"compose is not run: apt-get install --no-install-recommends {' '.join(packages)}"
    if min(shutil.disk_usage(place).free for place in (CHECKOUT, "/var/tmp")) < DISK_BYTES:
        return f"compose is not run: it needs {DISK_BYTES / 1e9:.0f} GB of free disk, here and in /var/tmp"
    if subprocess.run(("unshare", "--net", "--mount", "true"), capture_output=True, check=False).returncode:
        return "compose is not run: this machine gives no namespaces to its root"
    return ""
