"""The taxonomic tree of a set of animals: virtual rank nodes with the animals as leaves (contract B10)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256

from services.graph.caught import GENUS, RANKS, CaughtAnimal

ROOT = "root"
ANIMAL = "animal"


@dataclass(slots=True)
class Node:
    """The root, a rank value, or an animal. `parent` and `children` are places in the tree's list of nodes."""

    id: str
    rank: str
    """`root`, one of `RANKS`, or `animal`."""
    name: str
    scientific_name: str
    parent: int
    depth: int
    animal: CaughtAnimal | None = None
    children: list[int] = field(default_factory=list)
    animal_count: int = 0
    """Animals below; 0 for an animal itself."""

    def rank_transition(self, parent: "Node") -> str:
        """How an edge to this node is labelled, as `genus_to_species`."""
        return "species_to_species" if self.animal else f"{parent.rank}_to_{self.rank}"


def grow(animals: Iterable[CaughtAnimal]) -> list[Node]:
    """The tree of the animals as a list: the root first, every parent before its children.

    Siblings stand in order of first appearance, animals taken by creation_index. Empty ranks are skipped; an animal
    without any rank hangs on the root. Time is linear in the number of animals.
    """
    tree = [Node(ROOT, ROOT, "", "", parent=-1, depth=0)]
    places: dict[tuple[int, str, str], int] = {}
    taken: set[str] = set()
    for animal in sorted(animals, key=lambda animal: (animal.creation_index, animal.id)):
        place = 0
        for rank, value in zip(RANKS, animal.lineage, strict=True):
            if not value:
                continue
            known = places.get((place, rank, value))
            if known is None:
                known = _add(tree, _taxon(tree, place, rank, value, animal, taken))
                places[place, rank, value] = known
            place = known
        leaf = Node(str(animal.id), ANIMAL, animal.common_name, animal.scientific_name, place, 0, animal)
        _add(tree, leaf)
    _count_animals(tree)
    return tree


def _add(tree: list[Node], node: Node) -> int:
    place = len(tree)
    parent = tree[node.parent]
    node.depth = parent.depth + 1
    parent.children.append(place)
    tree.append(node)
    return place


def _taxon(tree: list[Node], parent: int, rank: str, value: str, animal: CaughtAnimal, taken: set[str]) -> Node:
    above = tree[parent].name
    plain = "_".join(part for part in (rank, above if rank == "species" else "", value) if part).replace(" ", "_")
    node_id = plain
    attempt = 0
    # Homonyms: Morus is a genus of birds and of plants. The first keeps the plain id, the next gets its path's hash.
    while node_id in taken:
        path = "/".join([*_path(tree, parent), f"{rank}:{value}", str(attempt)])
        node_id = f"{plain}_{sha256(path.encode()).hexdigest()[:8]}"
        attempt += 1
    taken.add(node_id)
    genus = animal.lineage[GENUS]
    full_name = f"{genus} {value}" if rank == "species" and genus else value
    return Node(node_id, rank, value, full_name, parent, depth=0)


def _path(tree: list[Node], place: int) -> list[str]:
    steps = []
    while place > 0:
        node = tree[place]
        steps.append(f"{node.rank}:{node.name}")
        place = node.parent
    return steps[::-1]


def _count_animals(tree: list[Node]) -> None:
    for node in reversed(tree):
        if node.parent >= 0:
            tree[node.parent].animal_count += 1 if node.animal else node.animal_count
