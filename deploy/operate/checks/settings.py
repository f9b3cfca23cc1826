"""Settings that are missing, malformed, or contradict each other, by the services' own typed settings."""

from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from pydantic import ValidationError
from pydantic_settings import SettingsError

from deploy.operate.findings import Finding, care, wrong
from deploy.operate.installation import Installation
from deploy.operate.state import State
from deploy.operate.told_settings import named, read_as
from libs.common.settings import ServiceSettings

if TYPE_CHECKING:
    from services.gateway.settings import GatewaySettings
    from services.vision.settings import VisionSettings

PRODUCTION: Final = "production"
KEPT_AS_FILES: Final = frozenset({"SECRET_KEY", "DATABASE_URL", "NATS_URL", "JWT_PRIVATE_KEY", "JWT_KEY_ID"})
"""Of those that are missing the secrets tell."""

MISSING = wrong(
    "settings.missing",
    "In production a service has not been told what it needs; it refuses to start.",
    "set it in deploy/.env, or as a file of deploy/secrets/<service>/",
)
INVALID = wrong(
    "settings.invalid",
    "A service refuses a value; it does not start.",
    "correct the value (README.md, settings)",
)
RATE = wrong("settings.rate", "A rate cannot be read.", "write it like 100/hour, or off")
URL = wrong(
    "settings.public-url",
    "PUBLIC_BASE_URL is no origin: absolute addresses of pictures and pages would be broken.",
    "write https://host, without a path",
)
HTTP = care(
    "settings.public-url-http",
    "PUBLIC_BASE_URL is http in production: browsers would send tokens in the open.",
    "write https://…; TLS ends at the front, or at a tunnel before it",
)
HOST = wrong(
    "settings.host-not-allowed",
    "ALLOWED_HOSTS lacks the host of PUBLIC_BASE_URL: every request is answered with 400.",
    "add the host, or leave ALLOWED_HOSTS empty",
)
ANY_HOST = care(
    "settings.any-host", "ALLOWED_HOSTS is * in production: whatever Host is sent is taken.", "name your hosts"
)
ORIGIN = wrong(
    "settings.cors-origin",
    "An entry of CORS_ALLOWED_ORIGINS is no origin, and matches nothing; * does not either.",
    "write scheme://host[:port] for each, separated by commas",
)
LOCAL_ORIGIN = care(
    "settings.cors-local",
    "In production pages of localhost may read answers with a player's credentials.",
    "set CORS_ALLOWED_ORIGINS to the origins of your client",
)
NO_KEY = wrong(
    "settings.cv-without-key",
    "CV_METHOD is openai, but there is no OPENAI_API_KEY: every identification fails.",
    "put the key into deploy/secrets/vision/openai_api_key, or set CV_METHOD=fallback",
)
NOT_ALLOWED = wrong(
    "settings.cv-not-allowed",
    "The method or model by default is not among the allowed ones.",
    "add it to CV_ALLOWED_METHODS or CV_ALLOWED_MODELS",
)
DEBUG = wrong("settings.debug", "DEBUG is on in production.", "remove DEBUG")
PROXIES = care(
    "settings.trusted-proxies",
    "TRUSTED_PROXIES trusts everybody: a client can say it comes from any address.",
    "name the networks of your own proxies only",
)
KINDS = (
    *(MISSING, INVALID, RATE, URL, HTTP, HOST, ANY_HOST, ORIGIN, LOCAL_ORIGIN),
    *(NO_KEY, NOT_ALLOWED, DEBUG, PROXIES),
)
FINE = "every service would take its settings, and they fit each other"


def check(installation: Installation, _state: State) -> Iterator[Finding]:
    found: dict[tuple[str, str], Finding] = {}
    for process, told in installation.told.items():
        for finding in _of(_service(process), told):
            # What several services are told alike is said once.
            found.setdefault((finding.kind.id, finding.sentence.partition(": ")[2]), finding)
    yield from found.values()


def _service(process: str) -> str:
    return process.partition("-")[0]


def _of(service: str, told: Mapping[str, str]) -> Iterator[Finding]:
    from services.gateway.settings import GatewaySettings
    from services.vision.settings import VisionSettings

    try:
        settings = read_as(service, told)
    except ValidationError as error:
        for each in error.errors(include_input=False):
            sentence = each["msg"].removeprefix("Value error, ")
            is_missing = sentence.startswith("production needs ")
            if is_missing and KEPT_AS_FILES.issuperset(sentence.removeprefix("production needs ").split(", ")):
                continue
            kind = MISSING if is_missing else INVALID
            yield kind.found(f"{service}: {f'{named(each)}: ' if named(each) else ''}{sentence}")
        return
    except SettingsError as error:
        yield INVALID.found(f"{service}: {error}")
        return
    yield from _everywhere(service, settings)
    if isinstance(settings, GatewaySettings):
        yield from _of_gateway(settings)
    if isinstance(settings, VisionSettings):
        yield from _of_vision(settings)


def _everywhere(service: str, settings: ServiceSettings) -> Iterator[Finding]:
    url = urlsplit(settings.public_base_url)
    is_live = settings.environment == PRODUCTION
    if url.scheme not in ("http", "https") or not url.hostname or url.path or url.query or url.username:
        yield URL.found(f"{service}: PUBLIC_BASE_URL is {settings.public_base_url}")
    elif is_live and url.scheme == "http" and not _is_here(url.hostname):
        yield HTTP.found(f"{service}: PUBLIC_BASE_URL is {settings.public_base_url}")
    if is_live and settings.debug:
        yield DEBUG.found(f"{service}: DEBUG is on")


def _of_gateway(settings: "GatewaySettings") -> Iterator[Finding]:
    from services.gateway.admission import is_allowed_host
    from services.gateway.limits import rates

    host, hosts = urlsplit(settings.public_base_url).hostname or "", settings.allowed_hosts
    is_live = settings.environment == PRODUCTION
    if hosts and not is_allowed_host(host, hosts):
        yield HOST.found(f"gateway: {host} is not among {', '.join(hosts)}")
    if is_live and "*" in hosts:
        yield ANY_HOST.found("gateway: ALLOWED_HOSTS is *")
    for origin in settings.cors_allowed_origins:
        parts = urlsplit(origin)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or "*" in origin:
            yield ORIGIN.found(f"gateway: {origin} is no origin")
        elif is_live and "cors_allowed_origins" in settings.model_fields_set and _is_here(parts.hostname):
            yield LOCAL_ORIGIN.found(f"gateway: {origin} may read answers")
    if any(network.prefixlen == 0 for network in settings.trusted_proxies):
        yield PROXIES.found("gateway: TRUSTED_PROXIES has a network of everybody")
    try:
        rates(settings)
    except ValueError as error:
        yield RATE.found(f"gateway: {error}")


def _of_vision(settings: "VisionSettings") -> Iterator[Finding]:
    if settings.default_method == "openai" and not settings.openai_api_key.get_secret_value():
        yield NO_KEY.found("vision: CV_METHOD is openai, and OPENAI_API_KEY is empty")
    if settings.default_method not in settings.cv_allowed_methods:
        yield NOT_ALLOWED.found(f"vision: {settings.default_method} is not in CV_ALLOWED_METHODS")
    if settings.openai_model not in settings.cv_allowed_models:
        yield NOT_ALLOWED.found(f"vision: {settings.openai_model} is not in CV_ALLOWED_MODELS")


def _is_here(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
