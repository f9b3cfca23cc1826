"""The graph service's settings (contract K)."""

from pydantic import Field

from libs.common.settings import ServiceSettings


class GraphSettings(ServiceSettings):
    """Times bound memory only: what is kept is never older than the projection (contract B12)."""

    graph_cache_ttl: int = Field(120, ge=0, description="seconds that an answer is kept")
    tree_cache_ttl_personal: int | None = Field(None, ge=0)
    tree_cache_ttl_friends: int | None = Field(None, ge=0)
    tree_cache_ttl_selected: int | None = Field(None, ge=0)
    tree_cache_ttl_global: int | None = Field(None, ge=0)
    graph_cache_megabytes: int = Field(64, ge=0, description="memory for kept answers, per process")

    def seconds_kept(self, mode: str) -> int:
        """How long a tree of this mode is kept."""
        of_mode: int | None = getattr(self, f"tree_cache_ttl_{mode}", None)
        return self.graph_cache_ttl if of_mode is None else of_mode
