"""A measured figure and the little statistics it takes."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One row of the table; the bound is what the project has set itself, on two cores."""

    name: str
    bound: str
    measured: str


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def spread(seconds: Sequence[float]) -> str:
    """`p50 … p99` in milliseconds."""
    return f"p50 {statistics.median(seconds) * 1000:.1f} ms, p99 {quantile(seconds, 0.99) * 1000:.1f} ms"
