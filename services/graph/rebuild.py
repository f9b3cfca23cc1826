"""The graph's projection, as it is made anew: by its own projector, from the log alone."""

from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.recovery.rebuild import Projection
from services.graph.handlers import handlers
from services.graph.models import Base, ScopeVersion
from services.graph.versions import one_batch_at_a_time

VERSIONS: Final = ScopeVersion.__tablename__


async def never_repeat_a_version(session: AsyncSession, old: str, new: str) -> None:
    """Every scope goes on above its former version: a kept answer or an ETag must not fit other content (B12)."""
    await session.execute(
        text(
            f"INSERT INTO {new}.{VERSIONS} AS made (scope, version) SELECT scope, version + 1 FROM {old}.{VERSIONS} "
            "ON CONFLICT (scope) DO UPDATE SET version = greatest(made.version, excluded.version)"
        )
    )


projection: Final = Projection(
    projector=next(handler for handler in handlers.all if handler.many is not None),
    tables=Base.metadata,
    take_turn=one_batch_at_a_time,
    carry_over=never_repeat_a_version,
)
