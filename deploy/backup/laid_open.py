"""A restored server whose administrator's password nobody may know any more: how it gets the present one.

While it is restored, whoever reaches a socket in its own folder is let in, and nobody else reaches into that folder.
"""

import tempfile
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

import asyncpg

from deploy.local.postgres import ADMIN
from deploy.local.roles import verifier

RULES: Final = "pg_hba.conf"
KEPT: Final = "restoring_hba.conf"
LAID_OPEN: Final = {"unix_socket_directories": "."}
"""Settings of the server; it runs in its own folder."""


def lay_open(cluster: Path) -> None:
    """Puts other rules in the place of the server's; by the network a password is asked for as ever."""
    (cluster / RULES).rename(cluster / KEPT)
    (cluster / RULES).write_text(f"local all {ADMIN} trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
    # The server may run as another user; the folder is its own.
    (cluster / RULES).chmod(0o644)


async def set_password(cluster: Path, admin_url: str) -> None:
    """The administrator gets the one of `admin_url`, by the socket; then the server has its own rules again."""
    address = urlsplit(admin_url)
    with tempfile.TemporaryDirectory() as folder:
        # The address of a socket has to be short.
        near = Path(folder, "cluster")
        near.symlink_to(cluster)
        connection = await asyncpg.connect(host=str(near), port=address.port, user=ADMIN, database="postgres")
        try:
            # A statement may be logged, a password must not be.
            await connection.execute(f"ALTER ROLE {ADMIN} PASSWORD '{verifier(unquote(address.password or ''))}'")
        finally:
            await connection.close()
    (cluster / KEPT).replace(cluster / RULES)
