"""Which captures a tree may show (contract B7): own ones all, those of others in scope never when private."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Uuid, and_, any_, bindparam, or_, select

from services.graph.models import Capture, RefUser
from services.graph.scope import Scope

SHARED = ("friends", "public")


def in_scope(scope: Scope) -> ColumnElement[bool]:
    """The condition on captures.

    A blocked user or a former friend is a stranger, and strangers are in no scope but the global one. That one is for
    staff, holds all that its owners share with anybody, and still none of their private captures.
    """
    of_others = (
        Capture.owner_id.in_(select(RefUser.id).where(RefUser.deleted_at.is_(None)))
        if scope.is_global
        else among(Capture.owner_id, scope.members - {scope.viewer})
    )
    return and_(
        Capture.deleted_at.is_(None),
        or_(Capture.owner_id == scope.viewer, and_(of_others, Capture.visibility.in_(SHARED))),
    )


def among(column: Any, ids: Iterable[UUID]) -> ColumnElement[bool]:
    """`column` is one of `ids`: one parameter and one statement text, however many ids there are."""
    condition: ColumnElement[bool] = column == any_(bindparam(None, list(ids), type_=ARRAY(Uuid)))
    return condition
