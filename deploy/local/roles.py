"""One database, in it one schema and one login role for each service; none sees another's."""

import asyncio
import hashlib
import hmac
import secrets
from base64 import b64encode
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import SplitResult, urlsplit, urlunsplit

import asyncpg

from deploy.local.topology import MESH

DATABASE = "biologidex"
EXTENSIONS = "extensions"
PROJECTIONS = ("graph",)
"""Schemas that hold nothing but what is made from events: a second one beside each is where it is made anew."""
# Any number will do, as long as it is the same for all who prepare this server.
PREPARING = 0x62_64_78


def create_schemas(admin_url: str, passwords: Mapping[str, str] | None = None) -> dict[str, str]:
    """Make the database, and for each name in `passwords` a role and a schema of that name; may be repeated.

    `admin_url` (`ADMIN_DATABASE_URL`, form `postgresql://user:password@host:port/database`) needs the rights to create
    databases and roles, not more. Without `passwords`: all schemas of the mesh, with new passwords. A role that is
    there already gets the password given here.

    pg_trgm is put into the schema `extensions`, which every role may use and has on its search_path, behind its own
    schema. Returns each role's own address, form `postgresql+asyncpg://role:password@host:port/biologidex`.
    """
    if passwords is None:
        passwords = {schema: secrets.token_urlsafe(24) for schema in MESH.schemas}
    # In a thread of its own, so that it can be called where an event loop runs or is to be kept.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, _create_all(admin_url, passwords)).result()


async def _create_all(admin_url: str, passwords: Mapping[str, str]) -> dict[str, str]:
    address = urlsplit(admin_url.replace("postgresql+asyncpg://", "postgresql://", 1))
    await _create_database(address)
    connection = await asyncpg.connect(urlunsplit(address._replace(path=f"/{DATABASE}")))
    try:
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", PREPARING)
            await connection.execute(
                f"""
                REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC;
                REVOKE ALL ON SCHEMA public FROM PUBLIC;
                CREATE SCHEMA IF NOT EXISTS {EXTENSIONS};
                CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA {EXTENSIONS};
                """
            )
            # Where the extension was there before us, it stays in the schema it was put into.
            extensions = await connection.fetchval(
                "SELECT extnamespace::regnamespace::name FROM pg_extension WHERE extname = 'pg_trgm'"
            )
            for role, password in passwords.items():
                await _create_role(connection, role, password, extensions)
    finally:
        await connection.close()
    return {role: role_url(address, role, password) for role, password in passwords.items()}


def role_url(address: SplitResult, role: str, password: str) -> str:
    """The address of the same server for a role."""
    host = address.netloc.rpartition("@")[2]
    return urlunsplit(
        address._replace(scheme="postgresql+asyncpg", netloc=f"{role}:{password}@{host}", path=f"/{DATABASE}")
    )


async def _create_database(address: SplitResult) -> None:
    connection = await asyncpg.connect(urlunsplit(address))
    try:
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE):
            await connection.execute(f"CREATE DATABASE {DATABASE}")
    except asyncpg.DuplicateDatabaseError:
        # Somebody else was faster; it is there.
        return
    finally:
        await connection.close()


def verifier(password: str) -> str:
    """What the server keeps of a password (RFC 5803), made here: a statement may be logged, a password must not be.

    For passwords of ASCII, as `secrets` makes them.
    """
    salt, rounds = secrets.token_bytes(16), 4096
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, rounds)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    salt64, stored64, server64 = (b64encode(each).decode() for each in (salt, stored, server))
    return f"SCRAM-SHA-256${rounds}:{salt64}${stored64}:{server64}"


async def _create_role(connection: asyncpg.Connection, role: str, password: str, extensions: str) -> None:
    known = await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role)
    verb = "ALTER" if known else "CREATE"
    second = ("CREATE SCHEMA IF NOT EXISTS %5$I AUTHORIZATION %1$I",) if role in PROJECTIONS else ()
    for statement in (
        f"{verb} ROLE %1$I LOGIN PASSWORD %2$L",
        # A superuser needs no membership to give a schema away; a plain administrator does.
        "GRANT %1$I TO CURRENT_USER",
        "GRANT CONNECT, TEMPORARY ON DATABASE %3$I TO %1$I",
        "GRANT USAGE ON SCHEMA %4$I TO %1$I",
        "CREATE SCHEMA IF NOT EXISTS %1$I AUTHORIZATION %1$I",
        "ALTER ROLE %1$I IN DATABASE %3$I SET search_path = %1$I, %4$I",
        *second,
    ):
        await connection.execute(
            await connection.fetchval(
                "SELECT format($1::text, $2::text, $3::text, $4::text, $5::text, $6::text)",
                *(statement, role, verifier(password), DATABASE, extensions, f"{role}_next"),
            )
        )
