"""The tree screen's reads of a tree (contract R1): nodes, lines, and what its text line says."""

from dataclasses import dataclass

from tests.e2e.gdscript import Aborted, Record
from tests.e2e.godot_models import RANKS


@dataclass(frozen=True)
class Drawn:
    """What the screen shows of a tree."""

    labels: dict[str, str]
    """Node id → what is written beside it."""
    lines: int
    """Edges of which both ends are drawn."""
    mine: set[str]
    friends: dict[str, list[str]]
    """Animal id → names of the friends who caught it."""
    text: str

    @classmethod
    def read(cls, tree: Record) -> "Drawn":
        tree.there("nodes", "edges", "layout", "stats", "metadata")
        _read_layout(tree.record("layout"))
        labels: dict[str, str] = {}
        mine: set[str] = set()
        friends: dict[str, list[str]] = {}
        for node in tree.records("nodes"):
            node_id = _read_node(node)
            labels[node_id] = node.text("name") or node.text("common_name")
            friends[node_id] = [each.some_text("username") for each in node.records("captured_by_friends")]
            if node.there("captured_by_user").flag("captured_by_user"):
                mine.add(node_id)
        lines = 0
        for edge in tree.records("edges"):
            ends = {edge.some_text("source"), edge.some_text("target")}
            edge.some_text("relationship")
            edge.some_text("rank_transition")
            lines += ends <= set(labels)
        return cls(labels, lines, mine, friends, _text(tree.record("metadata"), tree.record("stats")))


def _read_node(node: Record) -> str:
    kind = node.some_text("node_type")
    if kind != node.some_text("type"):
        raise Aborted(f"{node.where} has two types")
    if len(node.numbers("position")) != 2:
        raise Aborted(f"{node.where} has no place")
    node.there("capture_count").integer("capture_count")
    node.never_null("creation_index", "common_name", "taxonomy", "verified", "rank", "name", "scientific_name")
    if kind == "animal":
        node.there("creation_index").integer("creation_index")
        taxonomy = node.there("taxonomy").record("taxonomy")
        for rank in RANKS:
            taxonomy.there(rank).text(rank)
        discoverer = node.there("discoverer").record("discoverer")
        discoverer.flag("is_self")
        discoverer.flag("is_friend")
        node.flag("verified")
    else:
        if node.some_text("rank") not in RANKS:
            raise Aborted(f"{node.where} has no rank that is drawn")
        node.there("children_count").integer("children_count")
    return node.some_text("id")


def _read_layout(layout: Record) -> None:
    positions = layout.there("positions").record("positions")
    for node in positions.names():
        if len(positions.numbers(node)) != 2:
            raise Aborted(f"{positions.where}.{node} is no place")
    if len(layout.numbers("world_bounds")) != 4:
        raise Aborted(f"{layout.where}.world_bounds is no rectangle")
    layout.there("chunk_metadata").record("chunk_metadata")
    size = layout.there("chunk_size").record("chunk_size")
    size.there("width", "height").number("width")


def _text(metadata: Record, stats: Record) -> str:
    """The line below the tree."""
    metadata.some_text("user_id")
    metadata.some_text("username")
    metadata.some_text("cache_key")
    metadata.there("total_nodes", "total_edges").integer("total_edges")
    if metadata.some_text("mode") != stats.some_text("mode"):
        raise Aborted("the tree has two modes")
    for key in ("total_edges", *(f"unique_{rank}" for rank in RANKS[:-1])):
        stats.there(key).integer(key)
    scoped = metadata.there("scoped_users").variant("scoped_users")
    return (
        f"{metadata.text('mode')}: {stats.integer('total_animals')} animals, {stats.integer('total_nodes')} nodes, "
        f"{stats.integer('user_captures')} mine, {stats.integer('friend_captures')} of friends, {scoped} players"
    )
