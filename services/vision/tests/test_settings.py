"""What the environment says to vision (contract K)."""

from decimal import Decimal

import pytest
from pydantic import ValidationError

from services.vision.jobs import Options
from services.vision.settings import VisionSettings


def settings_with(monkeypatch: pytest.MonkeyPatch, **environment: str) -> VisionSettings:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return VisionSettings()


def test_without_a_key_the_offline_identifier_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings_with(monkeypatch).default_method == "fallback"
    assert settings_with(monkeypatch, OPENAI_API_KEY="sk-x").default_method == "openai"
    assert settings_with(monkeypatch, CV_METHOD="fallback").default_method == "fallback"


def test_lists_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_with(
        monkeypatch, CV_RETRY_DELAYS_SECONDS="1, 2.5", CV_ALLOWED_METHODS="fallback", CV_ALLOWED_MODELS="a,b"
    )
    assert settings.cv_retry_delays_seconds == (1.0, 2.5)
    assert settings.cv_allowed_methods == ("fallback",)
    assert settings.cv_allowed_models == ("a", "b")


def test_the_configured_model_is_the_allowed_one(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_with(monkeypatch, OPENAI_MODEL="gpt-5-mini")
    assert settings.cv_allowed_models == ("gpt-5-mini",)
    assert Options.chosen(settings, None, None, None) == Options("fallback", "gpt-5-mini", "auto")


def test_an_unknown_method_stops_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValidationError):
        settings_with(monkeypatch, CV_METHOD="guess")


def test_the_bounds_on_money(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_with(monkeypatch)
    assert (settings.cv_daily_calls_per_user, settings.cv_daily_budget_usd) == (2_000, 0)
    settings = settings_with(monkeypatch, CV_DAILY_CALLS_PER_USER="0", CV_DAILY_BUDGET_USD="2.50")
    assert (settings.cv_daily_calls_per_user, settings.cv_daily_budget_usd) == (0, Decimal("2.50"))
    for wrong in ({"CV_DAILY_CALLS_PER_USER": "-1"}, {"CV_DAILY_BUDGET_USD": "nan"}):
        with pytest.raises(ValidationError):
            settings_with(monkeypatch, **wrong)
