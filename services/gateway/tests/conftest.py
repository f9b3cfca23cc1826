"""A gateway as it runs in production, in front of a service of our own; real sockets, real tokens."""

import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from libs.common.blobs import Blobs
from libs.common.testing import KEY_ID
from services.gateway.edge import Edge
from services.gateway.house import House
from services.gateway.settings import GatewaySettings
from services.gateway.tests.export import fill
from services.gateway.tests.upstream import Upstream, serving

PUBLIC = "http://127.0.0.1:8000"
SERVICES = ("users", "animals", "dex", "social", "vision", "graph")
NOBODY = "nats://127.0.0.1:1"
"""Most tests need no bus, and a gateway without one must do its work all the same."""

OpenGateway = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture(scope="session")
def jwks(signing_key: Ed25519PrivateKey) -> dict[str, Any]:
    key = jwt.algorithms.OKPAlgorithm.to_jwk(signing_key.public_key(), as_dict=True)
    return {"keys": [{**key, "kid": KEY_ID, "alg": "EdDSA", "use": "sig"}]}


@pytest.fixture
def upstream(running_upstream: tuple[Upstream, str]) -> Upstream:
    found = running_upstream[0]
    found.asked.clear()
    found.ready, found.metrics, found.openapi = True, "", {}
    found.may_finish.clear()
    return found


@pytest.fixture
def upstream_url(running_upstream: tuple[Upstream, str]) -> str:
    return running_upstream[1]


@pytest.fixture(scope="session")
async def running_upstream(jwks: dict[str, Any]) -> AsyncIterator[tuple[Upstream, str]]:
    upstream = Upstream(jwks)
    async with serving(upstream) as url:
        yield upstream, url


@pytest.fixture(scope="session")
def dead_url() -> Iterator[str]:
    """An address where nobody listens; kept, so that nobody else gets it."""
    with socket.socket() as kept:
        kept.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{kept.getsockname()[1]}"


@pytest.fixture(scope="session")
def blob_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("gateway-blobs")


@pytest.fixture
def blobs(blob_folder: Path) -> Blobs:
    return Blobs(f"file://{blob_folder}", PUBLIC)


@pytest.fixture(scope="session")
def open_gateway(running_upstream: tuple[Upstream, str], blob_folder: Path) -> OpenGateway:
    """`async with open_gateway(max_in_flight=1) as client`: a gateway with these settings, and somebody to ask it."""

    @asynccontextmanager
    async def opened(**settings: Any) -> AsyncIterator[httpx.AsyncClient]:
        url = running_upstream[1]
        given = {
            "environment": "test",
            "public_base_url": PUBLIC,
            "nats_url": NOBODY,
            "blob_url": f"file://{blob_folder}",
            "jwks_url": f"{url}/.well-known/jwks.json",
            **{f"{name}_url": url for name in SERVICES},
            **{f"throttle_{kind}_rate": "off" for kind in ("anon", "user", "upload")},
            **settings,
        }
        house = House(GatewaySettings(**given))
        async with serving(Edge(house)) as address, httpx.AsyncClient(base_url=address, timeout=10) as client:
            client.house = house  # type: ignore[attr-defined]
            yield client

    return opened


@pytest.fixture(scope="session")
async def everyday_gateway(open_gateway: OpenGateway) -> AsyncIterator[httpx.AsyncClient]:
    async with open_gateway() as client:
        yield client


@pytest.fixture
def gateway(everyday_gateway: httpx.AsyncClient, upstream: Upstream) -> httpx.AsyncClient:
    """The gateway most tests use: no limits, all services there."""
    return everyday_gateway


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a web client."""
    found = tmp_path / "client"
    fill(found)
    return found
