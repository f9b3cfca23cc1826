"""Starts the real servers once for all tests that need them."""

import secrets
from collections.abc import Iterator

import pytest

from deploy.local.roles import create_schemas
from deploy.local.servers import Servers, servers
from deploy.local.topology import MESH

pytest_plugins = ["libs.common.testing"]

SCRATCH = "scratch"
"""A schema that belongs to no service, for the tests of libs/common."""


@pytest.fixture(scope="session")
def running_servers() -> Iterator[Servers]:
    """A PostgreSQL and a NATS of our own, on free loopback ports, gone afterwards."""
    with servers() as found:
        yield found


@pytest.fixture(scope="session")
def database_urls(running_servers: Servers) -> dict[str, str]:
    """Each service's `DATABASE_URL`: its own role, its own schema, nothing in it yet."""
    passwords = {name: secrets.token_urlsafe(12) for name in (*MESH.schemas, SCRATCH)}
    return create_schemas(running_servers.admin_url, passwords)


@pytest.fixture(scope="session")
def nats_url(running_servers: Servers) -> str:
    return running_servers.nats_url
