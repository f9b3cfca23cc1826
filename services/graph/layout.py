"""Tidy tree drawing in linear time, after Walker as improved by Buchheim, Jünger and Leipert (contract B10).

Iterative, because a tree may be deeper than Python's stack. Every coordinate is a multiple of a power of two, so that
distances and centers are exact: two neighbors are at least `SIBLING_DISTANCE` apart without any tolerance.
"""

from collections.abc import Sequence
from math import floor

SIBLING_DISTANCE = 100.0
LEVEL_HEIGHT = 150.0
FINEST_STEP = 40
"""Coordinates of very deep trees stop getting finer at 2 to the minus this."""

Point = tuple[float, float]


def lay_out(children: Sequence[Sequence[int]]) -> list[Point]:
    """Positions of the nodes of a tree; `children[n]` are the nodes below node n, from left to right, 0 is the root.

    y is 150 per level, neighbors of a level are at least 100 apart, a parent stands in the middle between its first
    and its last child, the root at x = 0.
    """
    if not children:
        return []
    order, depth = _by_level(children)
    walk = _Walk(children, order)
    deepest = depth[order[-1]]
    for node in reversed(order):
        if children[node]:
            walk.place_children(node, step=2.0 ** -min(deepest - depth[node], FINEST_STEP))
    walk.prelim[0] = walk.middle[0]
    carried = [0.0] * len(children)
    x = [0.0] * len(children)
    for node in order:
        x[node] = walk.prelim[node] + carried[node]
        below = carried[node] + walk.mod[node]
        for child in children[node]:
            carried[child] = below
    root = x[0]
    return [(x[node] - root, depth[node] * LEVEL_HEIGHT) for node in range(len(children))]


def _by_level(children: Sequence[Sequence[int]]) -> tuple[list[int], list[int]]:
    order = [0]
    depth = [0] * len(children)
    for node in order:
        for child in children[node]:
            depth[child] = depth[node] + 1
            order.append(child)
    return order, depth


class _Walk:
    """The first walk: positions relative to the parent, from the leaves up. Names are those of the paper."""

    def __init__(self, children: Sequence[Sequence[int]], order: Sequence[int]) -> None:
        size = len(children)
        self.children = children
        self.prelim = [0.0] * size
        self.mod = [0.0] * size
        self.middle = [0.0] * size
        self.shift = [0.0] * size
        self.change = [0.0] * size
        self.thread = [-1] * size
        self.ancestor = list(range(size))
        self.parent = [-1] * size
        self.number = [0] * size
        for node in order:
            for number, child in enumerate(children[node]):
                self.parent[child] = node
                self.number[child] = number

    def place_children(self, node: int, step: float) -> None:
        """Set the finished subtrees below a node side by side; `step` is the grain of the coordinates there."""
        siblings = self.children[node]
        prelim, mod, middle = self.prelim, self.mod, self.middle
        first = default_ancestor = siblings[0]
        prelim[first] = middle[first]
        left = first
        for child in siblings[1:]:
            prelim[child] = prelim[left] + SIBLING_DISTANCE
            mod[child] = prelim[child] - middle[child]
            default_ancestor = self._apportion(child, left, first, default_ancestor)
            left = child
        self._execute_shifts(siblings, step)
        middle[node] = (prelim[first] + prelim[left]) / 2

    def _apportion(self, node: int, left: int, first: int, default_ancestor: int) -> int:
        """Push a subtree to the right until its left contour clears the right contour of all before it."""
        prelim, mod, thread, children = self.prelim, self.mod, self.thread, self.children
        inner_right = outer_right = node
        inner_left, outer_left = left, first
        sum_inner_right = sum_outer_right = mod[node]
        sum_inner_left, sum_outer_left = mod[left], mod[first]
        below = children[inner_left]
        next_left = below[-1] if below else thread[inner_left]
        below = children[inner_right]
        next_right = below[0] if below else thread[inner_right]
        while next_left >= 0 and next_right >= 0:
            inner_left, inner_right = next_left, next_right
            below = children[outer_left]
            outer_left = below[0] if below else thread[outer_left]
            below = children[outer_right]
            outer_right = below[-1] if below else thread[outer_right]
            self.ancestor[outer_right] = node
            overlap = prelim[inner_left] + sum_inner_left - prelim[inner_right] - sum_inner_right + SIBLING_DISTANCE
            if overlap > 0:
                conflicting = self.ancestor[inner_left]
                if self.parent[conflicting] != self.parent[node]:
                    conflicting = default_ancestor
                self._move_subtree(conflicting, node, overlap)
                sum_inner_right += overlap
                sum_outer_right += overlap
            sum_inner_left += mod[inner_left]
            sum_inner_right += mod[inner_right]
            sum_outer_left += mod[outer_left]
            sum_outer_right += mod[outer_right]
            below = children[inner_left]
            next_left = below[-1] if below else thread[inner_left]
            below = children[inner_right]
            next_right = below[0] if below else thread[inner_right]
        if next_left >= 0 and not children[outer_right] and thread[outer_right] < 0:
            thread[outer_right] = next_left
            mod[outer_right] += sum_inner_left - sum_outer_right
        if next_right >= 0 and not children[outer_left] and thread[outer_left] < 0:
            thread[outer_left] = next_right
            mod[outer_left] += sum_inner_right - sum_outer_left
            return node
        return default_ancestor

    def _move_subtree(self, left: int, right: int, shift: float) -> None:
        share = shift / (self.number[right] - self.number[left])
        self.change[right] -= share
        self.shift[right] += shift
        self.change[left] += share
        self.prelim[right] += shift
        self.mod[right] += shift

    def _execute_shifts(self, siblings: Sequence[int], step: float) -> None:
        """Spread the smaller subtrees between the pushed ones, rounded down to the grain.

        Rounding all down alike never brings two closer than they must be, since what must be is itself a multiple.
        """
        shift = change = 0.0
        for node in reversed(siblings):
            if shift:
                rounded = floor(shift / step + 1e-6) * step
                self.prelim[node] += rounded
                self.mod[node] += rounded
            change += self.change[node]
            shift += self.shift[node] + change
