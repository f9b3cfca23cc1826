"""Settings that contradict each other, told by the services' own settings through the real compose.yml."""

import pytest

from deploy.operate.checks import settings
from deploy.operate.installation import Installation
from deploy.operate.state import State
from deploy.operate.tests.project import Project, ids

KEY = "openai_api_key"


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ("CV_MAX_ATTEMPTS=many\n", "settings.invalid"),
        ("CV_MAX_ATTEMPTS=99\n", "settings.invalid"),
        ("THROTTLE_ANON_RATE=often\n", "settings.rate"),
        ("PUBLIC_BASE_URL=https://dex.mueller.de/game\n", "settings.public-url"),
        ("PUBLIC_BASE_URL=dex.mueller.de\n", "settings.public-url"),
        ("PUBLIC_BASE_URL=http://dex.mueller.de\n", "settings.public-url-http"),
        ("ALLOWED_HOSTS=other.mueller.de\n", "settings.host-not-allowed"),
        ("ALLOWED_HOSTS=*\n", "settings.any-host"),
        ("CORS_ALLOWED_ORIGINS=*\n", "settings.cors-origin"),
        ("CORS_ALLOWED_ORIGINS=mueller.de\n", "settings.cors-origin"),
        ("CORS_ALLOWED_ORIGINS=http://localhost:3000\n", "settings.cors-local"),
        ("CV_METHOD=openai\n", "settings.cv-without-key"),
        ("CV_METHOD=fallback\nCV_ALLOWED_METHODS=openai\n", "settings.cv-not-allowed"),
        ("CV_ALLOWED_MODELS=gpt-4o-mini\n", "settings.cv-not-allowed"),
    ],
)
def test_a_contradiction(project: Project, lines: str, found: str) -> None:
    env = project.folder / ".env"
    if "PUBLIC_BASE_URL" in lines:
        env.write_text("")
    project.say(lines)
    assert project.found() == [found]


@pytest.mark.parametrize(
    "lines",
    [
        "ALLOWED_HOSTS=.mueller.de\nCORS_ALLOWED_ORIGINS=https://play.mueller.de\n",
        "CV_METHOD=fallback\n",
        "THROTTLE_ANON_RATE=off\nTHROTTLE_USER_RATE=10/minute\n",
    ],
)
def test_what_fits_is_not_told(project: Project, lines: str) -> None:
    project.say(lines)
    assert project.found() == []


def test_a_key_makes_the_model_usable(project: Project) -> None:
    project.say("CV_METHOD=openai\n")
    project.secret(f"vision/{KEY}").write_text("sk-0123456789abcdef0123")
    assert project.found() == []


def test_production_without_its_address(project: Project) -> None:
    (project.folder / ".env").write_text("TAG=latest\n")
    assert project.found() == ["settings.missing"]


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ({"DEBUG": "true"}, ["settings.debug"]),
        ({"TRUSTED_PROXIES": "0.0.0.0/0"}, ["settings.trusted-proxies"]),
        ({"TRUSTED_PROXIES": "10.0.0.0/8"}, []),
    ],
)
def test_what_a_gateway_is_told_otherwise(told: dict[str, str], found: list[str]) -> None:
    address = "http://127.0.0.1:1"
    names = ("USERS", "ANIMALS", "DEX", "SOCIAL", "VISION", "GRAPH")
    needed = {f"{name}_URL": address for name in names} | {"JWKS_URL": address, "NATS_URL": "nats://127.0.0.1:1"}
    needed |= {"ENVIRONMENT": "production", "PUBLIC_BASE_URL": "https://dex.mueller.de", "BLOB_URL": "file:///tmp"}
    installation = Installation("environment", "", runs=True, told={"gateway": needed | told})
    assert ids(settings, installation, State()) == found
