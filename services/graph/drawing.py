"""A tree with a place for every node: what is made once and shown whole, by chunk, or searched (contract B10)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from services.graph.caught import CaughtAnimal
from services.graph.layout import Point, lay_out
from services.graph.tree import Node, grow


@dataclass(frozen=True, slots=True)
class Drawing:
    """`points[n]` is the position of `tree[n]`; `tree[0]` is the root."""

    tree: Sequence[Node]
    points: Sequence[Point]

    @classmethod
    def of(cls, animals: Iterable[CaughtAnimal]) -> "Drawing":
        """Grows and lays out the tree of the animals. CPU-bound, about 20 µs a node."""
        tree = grow(animals)
        return cls(tree, lay_out([node.children for node in tree]))

    def lines(self) -> Iterator[tuple[Point, Point]]:
        """The drawn edges. Those from the root are not drawn, because the root is no node of the answer."""
        for node, point in zip(self.tree, self.points, strict=True):
            if node.parent > 0:
                yield self.points[node.parent], point

    @property
    def weight(self) -> int:
        """About how many bytes of memory this holds."""
        return 1500 * len(self.tree)
