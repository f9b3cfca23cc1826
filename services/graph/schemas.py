"""What the graph's API gives and takes (contract R). Typed dictionaries: the answers are made by the ten thousand."""

from typing import Literal, NotRequired
from uuid import UUID

from typing_extensions import TypedDict

from libs.common.values import Input, Output

Taxonomy = TypedDict(
    "Taxonomy",
    {"kingdom": str, "phylum": str, "class": str, "order": str, "family": str, "genus": str, "species": str},
)


class DiscovererShown(TypedDict):
    user_id: str
    username: str
    is_self: bool
    is_friend: bool


class NoDiscoverer(TypedDict):
    """`{}`: nobody, or nobody who is still here."""


class CaptorShown(TypedDict):
    user_id: str
    username: str
    captured_at: str


class TaxNode(TypedDict):
    """A rank value; a virtual node."""

    id: str
    type: Literal["taxonomic"]
    node_type: Literal["taxonomic"]
    rank: str
    name: str
    scientific_name: str
    position: list[float]
    captured_by_user: bool
    captured_by_friends: list[CaptorShown]
    capture_count: int
    children_count: int
    animal_count: int


class AnimalNode(TypedDict):
    """A leaf of the tree."""

    id: str
    type: Literal["animal"]
    node_type: Literal["animal"]
    scientific_name: str
    common_name: str
    creation_index: int
    taxonomy: Taxonomy
    position: list[float]
    captured_by_user: bool
    captured_by_friends: list[CaptorShown]
    capture_count: int
    conservation_status: str
    verified: bool
    discoverer: DiscovererShown | NoDiscoverer


class Edge(TypedDict):
    source: str
    target: str
    relationship: Literal["parent_child"]
    rank_transition: str


class Box(TypedDict):
    min_x: float
    min_y: float
    max_x: float
    max_y: float


class ChunkSummary(TypedDict):
    chunk_x: int
    chunk_y: int
    node_count: int
    edge_count: int
    world_bounds: Box


class ChunkMetadata(TypedDict):
    chunks: list[ChunkSummary]
    world_bounds: list[float]
    chunk_size: int
    total_chunks: int


class Layout(TypedDict):
    positions: dict[str, list[float]]
    world_bounds: list[float]
    chunk_metadata: ChunkMetadata
    chunk_size: dict[Literal["width", "height"], int]


class ScopeShown(TypedDict):
    users_included: int | Literal["all"]
    is_admin_view: bool


class TreeStats(TypedDict):
    total_animals: int
    total_nodes: int
    total_edges: int
    mode: str
    scope: ScopeShown
    unique_kingdom: int
    unique_phylum: int
    unique_class: int
    unique_order: int
    unique_family: int
    unique_genus: int
    unique_species: int
    # Absent in global mode.
    user_captures: NotRequired[int]
    friend_captures: NotRequired[int]
    unique_to_user: NotRequired[int]
    shared_with_friends: NotRequired[int]


class TreeMetadata(TypedDict):
    mode: str
    user_id: str
    username: str
    scoped_users: int | Literal["all"]
    total_nodes: int
    total_edges: int
    cache_key: str


class TreeAnswer(TypedDict):
    """The tree with its drawing (contract R1)."""

    nodes: list[TaxNode | AnimalNode]
    edges: list[Edge]
    layout: Layout
    stats: TreeStats
    metadata: TreeMetadata


class ChunkAnswer(TypedDict):
    """One square of the drawing (contract R2)."""

    chunk_x: int
    chunk_y: int
    nodes: list[TaxNode | AnimalNode]
    edges: list[Edge]
    node_count: int
    edge_count: int


class Found(TypedDict):
    id: str
    scientific_name: str
    common_name: str
    position: list[float]
    taxonomy_path: str


class SearchAnswer(TypedDict):
    """What a search found, in the tree's order (contract R3)."""

    query: str
    mode: str
    count: int
    results: list[Found]


class LegacyNode(TypedDict):
    id: str
    scientific_name: str
    common_name: str
    creation_index: int
    taxonomy: Taxonomy
    conservation_status: str
    verified: bool
    captured_by_user: bool
    capture_count: int
    discoverer: DiscovererShown | None


class FamilyEdge(TypedDict):
    source: str
    target: str
    relationship: Literal["same_family"]
    family: str


class Diversity(TypedDict):
    kingdoms: int
    phylums: int
    families: int


class LegacyStats(TypedDict):
    total_animals: int
    user_captures: int
    user_unique_species: int
    friend_captures: int
    friend_count: int
    taxonomic_diversity: Diversity


class LegacyMetadata(TypedDict):
    user_id: str
    username: str
    total_nodes: int
    total_edges: int


class LegacyTree(TypedDict):
    """Animals linked by family, without a drawing (contract R6)."""

    nodes: list[LegacyNode]
    edges: list[FamilyEdge]
    stats: LegacyStats
    metadata: LegacyMetadata


class TreeFriend(Output):
    id: UUID
    username: str
    unique_species: int
    friend_code: str


class TreeFriends(Output):
    """Whose branches the caller's tree shows (contract R5)."""

    friends: list[TreeFriend]
    total_friends: int


class Invalidation(Input):
    scope: Literal["user", "global"] = "user"


class Message(Output):
    message: str
