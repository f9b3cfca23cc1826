"""What a call of a paid model costs, and how it wants its token limit said (contract B5)."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Final

TOKEN_LIMIT: Final = 300
DEFAULT_MODEL: Final = "gpt-4o"

USD_PER_1000_TOKENS: Final[dict[str, tuple[Decimal, Decimal]]] = {
    model: (Decimal(price_in), Decimal(price_out))
    for model, price_in, price_out in (
        ("gpt-5", "0.00125", "0.01"),
        ("gpt-5-mini", "0.00025", "0.002"),
        ("gpt-5-nano", "0.00005", "0.0004"),
        ("gpt-5-pro", "0.015", "0.12"),
        ("gpt-4.1", "0.003", "0.012"),
        ("gpt-4.1-mini", "0.0008", "0.0032"),
        ("gpt-4.1-nano", "0.0002", "0.0008"),
        ("o4-mini", "0.004", "0.016"),
        ("gpt-4o", "0.0025", "0.01"),
        ("gpt-4o-mini", "0.00015", "0.0006"),
        ("gpt-4-turbo", "0.01", "0.03"),
        ("gpt-4", "0.03", "0.06"),
    )
}
"""Input and output price by model name."""
_REASONING: Final = ("gpt-5", "o1", "o3", "o4")
_MICRODOLLAR: Final = Decimal("0.000001")


def cost_usd(model: str, input_tokens: int, output_tokens: int) -> Decimal:
    """The price of one call, to a millionth of a dollar; unknown models cost what gpt-4o does."""
    known = [name for name in USD_PER_1000_TOKENS if model.startswith(name)]
    price_in, price_out = USD_PER_1000_TOKENS[max(known, key=len, default=DEFAULT_MODEL)]
    cost = (max(input_tokens, 0) * price_in + max(output_tokens, 0) * price_out) / 1000
    return cost.quantize(_MICRODOLLAR, ROUND_HALF_UP)


def token_limit(model: str) -> dict[str, int]:
    """The request's token limit under the name that this family of models knows."""
    return {"max_completion_tokens" if model.startswith(_REASONING) else "max_tokens": TOKEN_LIMIT}
