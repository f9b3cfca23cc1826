"""A network, mounts, processes and a podman of one's own, in which compose runs without touching the machine.

`unshare` makes the namespaces; a second Python in them (`python -m tests.deploy.compose.entering FOLDER COMMAND …`)
sets up the rest, and becomes the command. Everything that containers write is in FOLDER.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

INSIDE = "COMPOSE_TEST_FOLDER"
"""Set where containers may be run, to the folder for them."""
PROGRAM = "COMPOSE_PROGRAM"
SHIMS = {
    name: Path(__file__).with_name(f"{name.partition('-')[0]}_of_debian.py")
    for name in ("podman", "netavark", "aardvark-dns")
}
HELPERS = ("/usr/libexec/podman", "/usr/lib/podman")
LIMIT = 20_000
"""Of files and processes: no more than this machine allows anybody to raise."""


def prepare(folder: Path, images: Sequence[Path]) -> dict[str, str]:
    """Lays out the folder; returns what has to be in the environment. `images`: stores that are only read."""
    stores = json.dumps([str(path) for path in images])
    storage = folder / "storage.conf"
    storage.write_text(
        f'[storage]\ndriver = "overlay"\ngraphroot = "{folder}/graph"\nrunroot = "{folder}/run"\n'
        f"[storage.options]\nadditionalimagestores = {stores}\n"
    )
    engine = folder / "containers.conf"
    # crun wants control groups of the second version, which a machine may have without any controller.
    engine.write_text(
        f'[containers]\ncgroups = "disabled"\nhttp_proxy = false\n'
        f'default_ulimits = ["nofile={LIMIT}:{LIMIT}", "nproc={LIMIT}:{LIMIT}"]\n'
        f'[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\ntmp_dir = "{folder}/libpod"\n'
        f"helper_binaries_dir = {json.dumps([str(folder / 'bin'), *HELPERS])}\n"
        f'[network]\nnetwork_backend = "netavark"\nnetwork_config_dir = "{folder}/networks"\n'
    )
    programs = folder / "bin"
    programs.mkdir()
    # By this very Python: it is started a hundred times, and one found by PATH may be slow to start.
    for name, shim in SHIMS.items():
        (programs / name).write_text(f"#!{sys.executable} -IS\n{shim.read_text()}")
        (programs / name).chmod(0o755)
    return {
        "CONTAINERS_STORAGE_CONF": str(storage),
        "CONTAINERS_CONF": str(engine),
        "PODMAN": shutil.which("podman") or "",
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}{os.pathsep}/usr/sbin",
        INSIDE: str(folder),
    }


def run(folder: Path, environment: Mapping[str, str], command: Sequence[str]) -> int:
    """Runs a command in there; returns its status."""
    inner = (sys.executable, "-m", "tests.deploy.compose.entering", str(folder), *command)
    # With processes of its own as well: however the command ends, every container ends with it.
    apart = ("--net", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--mount-proc")
    entered = ("unshare", *apart, "--", "catatonit", "--", *inner)
    return subprocess.run(entered, env={**os.environ, **environment}, check=False).returncode


def _settle(folder: Path) -> None:
    for command in (
        ("ip", "link", "set", "lo", "up"),
        # What podman keeps in /run is this one's own.
        ("mount", "-t", "tmpfs", "none", "/run"),
        ("umount", "--recursive", "/sys/fs/cgroup"),
        ("mount", "-t", "cgroup2", "none", "/sys/fs/cgroup"),
    ):
        subprocess.run(command, check=True, cwd=folder)


if __name__ == "__main__":
    _settle(Path(sys.argv[1]))
    os.execvp(sys.argv[2], sys.argv[2:])
