"""How the list of entries may be narrowed and ordered by its query string (contract D3, G6). No I/O."""

import re
from dataclasses import dataclass
from typing import Annotated, Final, get_args
from uuid import UUID

from fastapi import Depends, Query

from libs.common.errors import FieldErrors
from libs.common.json_values import is_safe_text
from libs.common.pages import Searched
from libs.contracts.dex import Visibility

TRUTHS: Final = {"true": True, "1": True, "false": False, "0": False}
ORDERABLE: Final = ("catch_date", "created_at")
BY_DEFAULT: Final = (("catch_date", True),)


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """None and empty where nothing was asked for; `order` holds (field, descending)."""

    animal: UUID | None
    visibility: str | None
    is_favorite: bool | None
    terms: tuple[str, ...]
    order: tuple[tuple[str, bool], ...]


def parse_uuid(field: str, value: str) -> UUID:
    """A UUID of the query string; a bad one is answered in the contract's words."""
    try:
        return UUID(value.strip())
    except ValueError:
        raise FieldErrors({field: [f"“{value[:100]}” is not a valid UUID."]}) from None


def entry_filter(
    animal: Annotated[str, Query()] = "",
    visibility: Annotated[str, Query()] = "",
    is_favorite: Annotated[str, Query()] = "",
    search: Searched = "",
    ordering: Annotated[str, Query()] = "",
) -> EntryFilter:
    """Reads the query string; a boolean or an ordering that makes no sense is ignored."""
    if visibility and visibility not in get_args(Visibility):
        message = f"Select a valid choice. {visibility[:100]} is not one of the available choices."
        raise FieldErrors({"visibility": [message]})
    if not is_safe_text(search):
        raise FieldErrors({"search": ["Null characters are not allowed."]})
    return EntryFilter(
        animal=parse_uuid("animal", animal) if animal else None,
        visibility=visibility or None,
        is_favorite=TRUTHS.get(is_favorite.lower()),
        terms=tuple(term for term in re.split(r"[\s,]+", search) if term),
        order=_order(ordering) or BY_DEFAULT,
    )


def _order(ordering: str) -> tuple[tuple[str, bool], ...]:
    asked = [(name.strip().removeprefix("-"), name.strip().startswith("-")) for name in ordering[:200].split(",")]
    known = {name: descending for name, descending in reversed(asked) if name in ORDERABLE}
    return tuple(reversed(known.items()))


Filtered = Annotated[EntryFilter, Depends(entry_filter)]
