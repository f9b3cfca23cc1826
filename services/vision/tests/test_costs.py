"""Prices and parameters by model (contract B5)."""

from decimal import Decimal

import pytest

from services.vision.costs import cost_usd, token_limit


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("gpt-5-pro", "0.135000"),
        ("gpt-5-nano", "0.000450"),
        ("gpt-5-nano-2025-08-07", "0.000450"),
        ("gpt-5", "0.011250"),
        ("gpt-4o", "0.012500"),
        ("gpt-4o-mini-2024-07-18", "0.000750"),
        ("gpt-4.1-mini", "0.004000"),
        ("gpt-4-turbo", "0.040000"),
        ("gpt-4", "0.090000"),
        ("somebody-elses", "0.012500"),
    ],
)
def test_a_thousand_tokens_each_way(model: str, expected: str) -> None:
    assert cost_usd(model, 1000, 1000) == Decimal(expected)


def test_rounded_to_a_millionth() -> None:
    assert str(cost_usd("gpt-4o", 494, 0)) == "0.001235"
    assert str(cost_usd("gpt-5-nano", 10, 0)) == "0.000001"
    assert cost_usd("gpt-4o", -5, -5) == 0


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("gpt-5-mini", "max_completion_tokens"),
        ("o1", "max_completion_tokens"),
        ("o3-mini", "max_completion_tokens"),
        ("o4-mini", "max_completion_tokens"),
        ("gpt-4o", "max_tokens"),
        ("gpt-4.1", "max_tokens"),
    ],
)
def test_token_limit_by_family(model: str, name: str) -> None:
    assert token_limit(model) == {name: 300}
