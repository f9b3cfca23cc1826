"""Lists in pages of fifty, in the shape of contract G6."""

from collections.abc import Callable
from typing import Annotated, Any, Final, Generic, TypeVar
from urllib.parse import urlencode

from fastapi import Depends, Query, Request
from sqlalchemy import Select, func
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.errors import Failure
from libs.common.values import Output

PAGE_SIZE: Final = 50
MAX_SEARCH: Final = 100
"""Longer than any name; each word of it costs a look into every row."""
MAX_PAGE: Final = 10_000_000
Item = TypeVar("Item")


Searched = Annotated[str, Query(max_length=MAX_SEARCH)]
"""A search of the query string (contract G6): 400 when it is longer than what anybody looks for."""


class InvalidPage(Failure):
    """A page that is not there, or no page number at all."""

    status = 404

    def __init__(self) -> None:
        super().__init__({"detail": "Invalid page."})


class Page(Output, Generic[Item]):
    """One page of a list; `next` and `previous` are absolute."""

    count: int
    next: str | None
    previous: str | None
    results: list[Item]


class Listed(Output, Generic[Item]):
    """A short list in one piece."""

    count: int
    results: list[Item]

    @classmethod
    def of(cls, results: list[Item]) -> "Listed[Item]":
        return cls(count=len(results), results=results)


class Pager:
    """The page asked for, and the way to the next."""

    def __init__(self, request: Request, page: Annotated[str, Query()] = "1") -> None:
        # Only plain digits: int() would take " 1_0 " as well.
        number = page.removesuffix(".0")
        if not (number.isascii() and number.isdigit() and len(number) < 9 and 1 <= int(number) <= MAX_PAGE):
            raise InvalidPage
        self.number = int(number)
        self._request = request

    async def of(
        self, session: AsyncSession, query: Select[Any], item: Callable[[Any], Item], *, whole_row: bool = True
    ) -> Page[Item]:
        """Runs `query` (with its order) for this page; one statement, the total counted by a window.

        `item` makes an answer of a row (of its first column with `whole_row=False`).

        Raises:
            InvalidPage: beyond the last page; an empty list still has its first.
        """
        counted = query.add_columns(func.count().over().label("_total")).limit(PAGE_SIZE)
        rows = (await session.execute(counted.offset((self.number - 1) * PAGE_SIZE))).all()
        if not rows and self.number > 1:
            raise InvalidPage
        total = rows[0]._total if rows else 0
        return Page.model_construct(
            count=total,
            next=self._url(self.number + 1) if self.number * PAGE_SIZE < total else None,
            previous=self._url(self.number - 1) if self.number > 1 else None,
            results=[item(row if whole_row else row[0]) for row in rows],
        )

    def _url(self, number: int) -> str:
        others = [(key, value) for key, value in self._request.query_params.multi_items() if key != "page"]
        query = urlencode([*others, ("page", number)] if number > 1 else others)
        base = self._request.app.state.service.settings.public_base_url
        return f"{base}{self._request.url.path}" + (f"?{query}" if query else "")


Paging = Annotated[Pager, Depends(Pager)]
