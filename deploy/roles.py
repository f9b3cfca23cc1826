"""Makes the database, a schema and a login role for each service, in compose and Kubernetes: `python -m deploy.roles`.

It reads, each as a variable or as a file of its name in lower case: `ADMIN_DATABASE_URL`, and for each schema
`<SCHEMA>_DATABASE_URL`, the very address that the service has. May run again at any time: a changed password is set.
"""

import asyncio
import sys
from collections.abc import Mapping
from urllib.parse import SplitResult, unquote, urlsplit

import asyncpg

from deploy.local.roles import DATABASE, create_schemas
from deploy.local.topology import MESH
from libs.common.secret_files import given

USUAL_PORT = 5432


class Unusable(Exception):
    """An address that does not fit what is to be made."""


def main() -> int:
    """1 with a sentence where something does not fit or the server does not answer: who has sent us tries again."""
    try:
        admin_url = given("ADMIN_DATABASE_URL")
        addresses = {schema: given(f"{schema.upper()}_DATABASE_URL") for schema in MESH.schemas}
        made, elsewhere = make_roles(admin_url, addresses)
    except (Unusable, asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
        print(f"roles: {error or type(error).__name__}", file=sys.stderr)
        return 1
    for schema in elsewhere:
        print(f"roles: {schema} is on a server of its own; nothing is made for it here", file=sys.stderr)
    print(f"roles: {', '.join(made)} are there, and can log in", file=sys.stderr)
    return 0


def make_roles(admin_url: str, addresses: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Makes what `addresses` (schema → the service's own address) needs on the administrator's server.

    Returns the schemas that were made, each tried with its own address, and those that are on another server.

    Raises:
        Unusable: an address is missing, or names another role or database than it would find.
    """
    if not admin_url:
        raise Unusable("ADMIN_DATABASE_URL is missing")
    here = _server_of(urlsplit(admin_url))
    passwords: dict[str, str] = {}
    elsewhere: list[str] = []
    for schema, address in addresses.items():
        if not address:
            raise Unusable(f"{schema.upper()}_DATABASE_URL is missing")
        parts = urlsplit(address)
        if _server_of(parts) != here:
            elsewhere.append(schema)
            continue
        if parts.username != schema or parts.path != f"/{DATABASE}" or not parts.password:
            raise Unusable(f"{schema.upper()}_DATABASE_URL must name the role {schema}, its password, and /{DATABASE}")
        passwords[schema] = unquote(parts.password)
    if passwords:
        create_schemas(admin_url, passwords)
        asyncio.run(_try(addresses, passwords))
    return list(passwords), elsewhere


def _server_of(address: SplitResult) -> tuple[str | None, int]:
    return address.hostname, address.port or USUAL_PORT


async def _try(addresses: Mapping[str, str], made: Mapping[str, str]) -> None:
    for schema in made:
        connection = await asyncpg.connect(addresses[schema].replace("postgresql+asyncpg://", "postgresql://", 1))
        try:
            found = await connection.fetchval("SELECT current_schema()")
        finally:
            await connection.close()
        if found != schema:
            raise Unusable(f"{schema} logs in, and finds itself in the schema {found}")


if __name__ == "__main__":
    sys.exit(main())
