"""Where an animal was seen, as exactly as its finder wants others to know (contract D1). Pure functions."""

from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from typing import Final

from services.dex.sensitive_taxa import is_sensitive

GRIDS: Final = {"approximate": Decimal("0.01"), "coarse": Decimal("0.1")}
"""Edge of a grid cell in degrees, by the owner's `location_precision`."""
THREATENED: Final = frozenset({"CR", "EN", "VU"})
SCALE: Final = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Place:
    """Degrees with six decimals, and a name; None and empty where nothing is known or told."""

    lat: Decimal | None
    lon: Decimal | None
    name: str

    @property
    def coords(self) -> tuple[float, float] | None:
        return None if self.lat is None or self.lon is None else (float(self.lat), float(self.lon))


NOWHERE: Final = Place(None, None, "")


def precision_for_others(chosen: str, conservation_status: str, scientific_name: str) -> str:
    """How exactly others may know: as the owner chose, but never finer than `coarse` where it could do harm."""
    if chosen not in ("exact", *GRIDS):
        return "hidden"
    if conservation_status in THREATENED or is_sensitive(scientific_name):
        return "coarse"
    return chosen


def blurred(place: Place, precision: str) -> Place:
    """The place at a precision: the middle of its grid cell, so that asking again tells nothing more."""
    if precision == "exact":
        return place
    grid = GRIDS.get(precision)
    if grid is None:
        return NOWHERE
    return Place(_middle(place.lat, grid, 90), _middle(place.lon, grid, 180), "")


def _middle(value: Decimal | None, grid: Decimal, limit: int) -> Decimal | None:
    if value is None:
        return None
    cell = (value / grid).to_integral_value(ROUND_FLOOR)
    middle = cell * grid + grid / 2
    # The pole and the date line themselves belong to the last cell before them.
    return (middle - grid if middle > limit else middle).quantize(SCALE)
