"""The tree of a set of animals: ranks, ids, homonyms, counts (contract B10)."""

from hypothesis import given
from hypothesis import strategies as st

from services.graph.caught import RANKS, CaughtAnimal
from services.graph.tests.story import DOG, LION, WOLF, caught
from services.graph.tree import Node, grow

NOTHING = ("",) * 7
words = st.sampled_from(["", "", "Morus", "Canis", "Canis lupus", "Canis_lupus", "Aves", "ä"])
lineages = st.tuples(*[words] * 7)
animal_sets = st.lists(lineages, max_size=30).map(lambda found: [caught(each, i + 1) for i, each in enumerate(found)])


def ids_of(tree: list[Node]) -> list[str]:
    return [node.id for node in tree]


def path_of(tree: list[Node], node: Node) -> list[str]:
    steps = []
    while node.parent >= 0:
        steps.append(node.name)
        node = tree[node.parent]
    return steps[::-1]


def test_a_wolf_hangs_on_its_ranks() -> None:
    tree = grow([caught(WOLF, 1)])

    assert ids_of(tree) == [
        "root",
        "kingdom_Animalia",
        "phylum_Chordata",
        "class_Mammalia",
        "order_Carnivora",
        "family_Canidae",
        "genus_Canis",
        "species_Canis_lupus",
        "00000000-0000-0000-0000-000000000001",
    ]
    assert [node.depth for node in tree] == list(range(9))
    assert [node.animal_count for node in tree] == [1] * 8 + [0]
    transitions = [node.rank_transition(tree[node.parent]) for node in tree[1:]]
    assert transitions[0] == "root_to_kingdom"
    assert transitions[-2:] == ["genus_to_species", "species_to_species"]


def test_relatives_share_their_ancestors() -> None:
    tree = grow([caught(LION, 3), caught(DOG, 2), caught(WOLF, 1)])

    nodes = {node.id: node for node in tree}
    assert nodes["order_Carnivora"].animal_count == 3
    assert [tree[child].id for child in nodes["order_Carnivora"].children] == ["family_Canidae", "family_Felidae"]
    assert [tree[child].id for child in nodes["genus_Canis"].children] == [
        "species_Canis_lupus",
        "species_Canis_familiaris",
    ]


def test_empty_ranks_are_skipped() -> None:
    tree = grow([caught(("Animalia", "", "", "", "Canidae", "", "lupus"), 1), caught(NOTHING, 2)])

    assert ids_of(tree)[:4] == ["root", "kingdom_Animalia", "family_Canidae", "species_Canidae_lupus"]
    assert tree[2].rank_transition(tree[1]) == "kingdom_to_family"
    assert tree[5].parent == 0 and tree[5].depth == 1


def test_spaces_become_underscores() -> None:
    tree = grow([caught(("", "", "Sea birds", "", "", "", ""), 1)])

    assert (tree[1].id, tree[1].name) == ("class_Sea_birds", "Sea birds")


def test_homonyms_stay_apart() -> None:
    bird = ("Animalia", "Chordata", "Aves", "Suliformes", "Sulidae", "Morus", "bassanus")
    plant = ("Plantae", "Tracheophyta", "Magnoliopsida", "Rosales", "Moraceae", "Morus", "alba")
    tree = grow([caught(bird, 1), caught(plant, 2)])

    genera = [node for node in tree if node.rank == "genus"]
    assert [node.name for node in genera] == ["Morus", "Morus"]
    assert genera[0].id == "genus_Morus"
    assert genera[1].id.startswith("genus_Morus_")
    assert [node.animal_count for node in genera] == [1, 1]


@given(animal_sets)
def test_every_tree_is_whole(animals: list[CaughtAnimal]) -> None:
    tree = grow(reversed(animals))

    assert len(set(ids_of(tree))) == len(tree)
    assert sum(node.animal is not None for node in tree) == len(animals) == tree[0].animal_count
    for place, node in enumerate(tree):
        assert node.parent < place
        assert all(tree[child].parent == place for child in node.children)
        if node.animal:
            assert not node.children
            assert path_of(tree, node)[:-1] == [value for value in node.animal.lineage if value]
        elif node.parent >= 0:
            assert node.animal_count == sum(tree[child].animal_count or 1 for child in node.children) > 0
            above = tree[node.parent].rank
            assert above == "root" or RANKS.index(above) < RANKS.index(node.rank)
    assert tree == grow(animals)
