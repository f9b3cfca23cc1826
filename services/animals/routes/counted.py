"""Pages of a list whose length is known beforehand, so that nobody has to count millions of rows for one page."""

from typing import Annotated, NamedTuple, TypeVar

from fastapi import Depends

from libs.common.pages import PAGE_SIZE, InvalidPage, Page, Pager

Item = TypeVar("Item")


class Window(NamedTuple):
    """The rows of one page."""

    offset: int
    limit: int


class CountedPager(Pager):
    """The page asked for, and the way to the next."""

    @property
    def window(self) -> Window:
        return Window((self.number - 1) * PAGE_SIZE, PAGE_SIZE)

    def around(self, results: list[Item], total: int) -> Page[Item]:
        """The page that holds `results`, of `total` in all.

        Raises:
            InvalidPage: beyond the last page; an empty list still has its first.
        """
        if not results and self.number > 1:
            raise InvalidPage
        return Page.model_construct(
            count=total,
            next=self._url(self.number + 1) if self.number * PAGE_SIZE < total else None,
            previous=self._url(self.number - 1) if self.number > 1 else None,
            results=results,
        )


CountedPaging = Annotated[CountedPager, Depends(CountedPager)]
