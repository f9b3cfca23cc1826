"""Runs the front of deploy/nginx before gateways of a test's choice, as compose and Kubernetes run it."""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from deploy.local.ports import free_ports

FRONT = Path(__file__).parents[2] / "deploy" / "nginx"
HOW_TO_INSTALL = "nginx is not installed: apt-get install --no-install-recommends nginx-light"


def find() -> str | None:
    """The nginx of this machine; Debian puts it where only root's PATH leads."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/opt/homebrew/bin")


@contextmanager
def front(folder: Path, gateways: Sequence[str], **replaced: str) -> Iterator[str]:
    """`with front(tmp_path, [url, other_url]) as url`: the configuration as it is, but for its port and its gateways.

    `replaced` are directives with another value: `client_header_timeout="1s"`.
    """
    program = find()
    if program is None:
        raise FileNotFoundError(HOW_TO_INSTALL)
    port = free_ports(1)[0]
    _configure(folder, gateways, port, replaced)
    (folder / "run").mkdir()
    # In the foreground; workers get root's rights taken away only where there are any to take.
    user = "user nobody nogroup;" if os.geteuid() == 0 else ""
    if user:
        shutil.chown(folder / "run", "nobody")
        for parent in (folder, *folder.parents):
            if parent.stat().st_uid == os.geteuid() and parent != Path("/"):
                parent.chmod(parent.stat().st_mode | 0o011)
    log = (folder / "front.log").open("ab")
    command = [program, "-p", f"{folder}/run/", "-c", str(folder / "nginx.conf"), "-g", f"daemon off; {user}"]
    process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 15
        while not (folder / "run" / "nginx.pid").exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((folder / "front.log").read_text())
            time.sleep(0.02)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)
        log.close()


def _configure(folder: Path, gateways: Sequence[str], port: int, replaced: dict[str, str]) -> None:
    for name in ("nginx.conf", "gateways.conf", "trusted.conf", "listen.conf"):
        shutil.copy(FRONT / name, folder / name)
    given = (FRONT / "gateways.conf").read_text().splitlines()
    options = next(line for line in given if line.strip().startswith("server ")).split(maxsplit=2)[2]
    servers = [f"    server {urlsplit(url).netloc} {options}" for url in gateways]
    kept = [line for line in given if not line.strip().startswith("server ")]
    at = next(number for number, line in enumerate(kept) if line.startswith("upstream")) + 1
    (folder / "gateways.conf").write_text("\n".join([*kept[:at], *servers, *kept[at:]]))
    (folder / "listen.conf").write_text(f"listen 127.0.0.1:{port} default_server;\n")
    text = (folder / "nginx.conf").read_text()
    text = text.replace("/dev/stdout", str(folder / "refused.log")).replace(
        "worker_processes auto", "worker_processes 1"
    )
    for name, value in replaced.items():
        text, count = re.subn(rf"(?m)^(\s*){name} [^;]*;", rf"\g<1>{name} {value};", text)
        assert count == 1, f"{name} is there {count} times"
    (folder / "nginx.conf").write_text(text)
