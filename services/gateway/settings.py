"""What the environment says to the gateway (contract K)."""

from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from pydantic_settings import NoDecode

from libs.common.instances import split
from libs.common.settings import ServiceSettings

Network = IPv4Network | IPv6Network


def _split(value: Any) -> Any:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _networks(value: Any) -> Any:
    return tuple(ip_network(part, strict=False) if isinstance(part, str) else part for part in _split(value))


Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
Networks = Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_networks)]


class GatewaySettings(ServiceSettings):
    """The gateway's settings: lists are comma separated, rates are `<number>/<second|minute|hour|day>` or `off`."""

    port: int = 8000
    dex_url: str = ""
    social_url: str = ""
    graph_url: str = ""
    vision_worker_url: str = ""
    """Looked at for health and metrics only: no request goes there."""

    allowed_hosts: Words = ()
    """Host names that requests may carry, `.example.org` covers all below it. Empty: that of PUBLIC_BASE_URL, localhost
    and bare addresses; `*`: any."""
    trusted_proxies: Networks = ()
    """Whose `X-Forwarded-For` counts."""
    cors_allowed_origins: Words = ("http://localhost:3000", "http://localhost:8080")

    throttle_anon_rate: str = "100/hour"
    throttle_user_rate: str = "1000/hour"
    throttle_upload_rate: str = "20/hour"
    edge_request_rate: str = "off"
    """Requests to the API from one address; `10/second` is what contract G9 suggests."""
    edge_upload_rate: str = "off"
    """Uploads from one address; suggested: `2/second`."""
    edge_connections: int = Field(0, ge=0)
    """Requests of one address that are answered at once; 0 for any number, suggested: 10."""

    max_upload_size_mb: float = Field(10, gt=0)
    read_deadline_seconds: float = Field(5, gt=0)
    write_deadline_seconds: float = Field(15, gt=0)
    upload_deadline_seconds: float = Field(55, gt=0, lt=60)
    body_patience_seconds: float = Field(20, gt=0)
    """How long a request's body may take besides the time that its size allows."""
    max_in_flight: int = Field(64, ge=1)
    """Requests at once to one service; uploads have places of their own, so that they never block reads."""
    max_uploads_in_flight: int = Field(16, ge=1)

    health_check_enabled: bool = True
    client_dir: Path | None = None
    """The web client's files, looked at when asked for (contract O8)."""
    version_check_enabled: bool = True
    client_version_file: Path = Path("client_version.json")
    """Which client belongs to this deployment (contract O9); it need not be there."""

    @classmethod
    def required_in_production(cls) -> tuple[str, ...]:
        """The gateway keeps no data and signs nothing: it needs to know where the others are."""
        return (
            *("public_base_url", "nats_url", "blob_url", "jwks_url"),
            *("users_url", "animals_url", "dex_url", "social_url", "vision_url", "graph_url"),
        )

    @property
    def services(self) -> Mapping[str, str]:
        """The private address of each service by its name (of several instances a comma separated list).

        Those without one are not there.
        """
        urls = {
            "users": self.users_url,
            "animals": self.animals_url,
            "dex": self.dex_url,
            "social": self.social_url,
            "vision": self.vision_url,
            "graph": self.graph_url,
        }
        return {name: addresses for name, addresses in urls.items() if split(addresses)}

    @property
    def max_body_bytes(self) -> int:
        """The upload limit with room for the multipart framing (contract G2)."""
        return int(self.max_upload_size_mb * 1024 * 1024) + 64 * 1024
