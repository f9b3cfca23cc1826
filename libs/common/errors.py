"""Expected failures and how every failure looks from outside (contract G3): always an object with `detail`."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import orjson


class Failure(Exception):
    """An expected failure: a status and an answer. Raise a subclass that lives beside the code it belongs to."""

    status: int = 400
    keeps: ClassVar[bool] = False
    """Whether what the request has written so far stays: a counted miss, a revoked family of tokens."""

    def __init__(
        self, body: Mapping[str, Any], *, status: int | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(body.get("detail", ""))
        self.body = dict(body)
        self.status = self.status if status is None else status
        self.headers = dict(headers or {})

    def encoded(self) -> bytes:
        """The answer's body as JSON bytes."""
        return orjson.dumps(self.body)


class Refusal(Failure):
    """A rule of the domain says no: `{"error": sentence, "detail": sentence}`."""

    sentence: ClassVar[str] = ""

    def __init__(self, sentence: str | None = None, *, status: int | None = None) -> None:
        text = sentence or self.sentence
        super().__init__({"error": text, "detail": text}, status=status)


class FieldErrors(Failure):
    """Values that a field does not take: `{"field": ["message", …], "detail": first message}`, status 400."""

    def __init__(self, fields: Mapping[str, Sequence[str]]) -> None:
        first = next(iter(fields.values()))[0]
        super().__init__({**{name: list(messages) for name, messages in fields.items()}, "detail": first})

    @classmethod
    def of_all(cls, message: str) -> "FieldErrors":
        """An error of the values taken together."""
        return cls({"non_field_errors": [message]})


class NotFound(Failure):
    """What does not exist, and what the caller may not see: the two look the same (contract G4)."""

    status = 404

    def __init__(self, model: str | None = None) -> None:
        super().__init__({"detail": f"No {model} matches the given query." if model else "Not found."})


class NotAuthenticated(Failure):
    """No or no valid credentials, status 401 with `WWW-Authenticate`."""

    status = 401

    def __init__(self, detail: str = "Authentication credentials were not provided.", **more: Any) -> None:
        super().__init__({"detail": detail, **more}, headers={"WWW-Authenticate": 'Bearer realm="api"'})


class Forbidden(Failure):
    """Known, visible, and not allowed."""

    status = 403

    def __init__(self, detail: str = "You do not have permission to perform this action.") -> None:
        super().__init__({"detail": detail})


class MethodNotAllowed(Failure):
    status = 405

    def __init__(self, method: str, allowed: str | None = None) -> None:
        super().__init__({"detail": f'Method "{method}" not allowed.'}, headers={"Allow": allowed} if allowed else None)


class UnsupportedMediaType(Failure):
    status = 415

    def __init__(self, media_type: str) -> None:
        super().__init__({"detail": f'Unsupported media type "{media_type[:100]}" in request.'})


class ParseError(Failure):
    """A body that cannot be read at all."""


class TooLarge(Failure):
    status = 413

    def __init__(self) -> None:
        super().__init__({"detail": "Request body too large."})


class Throttled(Failure):
    """Too many; `retry_after` in seconds (contract G7)."""

    status = 429

    def __init__(self, retry_after: float) -> None:
        seconds = max(1, round(retry_after))
        super().__init__(
            {"detail": f"Request was throttled. Expected available in {seconds} seconds."},
            headers={"Retry-After": str(seconds)},
        )


class Unavailable(Failure):
    """Something that this answer needs is away for the moment."""

    status = 503

    def __init__(self, detail: str = "Service temporarily unavailable.", retry_after: int = 2) -> None:
        super().__init__({"detail": detail}, headers={"Retry-After": str(retry_after)})
        self.retry_after = retry_after


INTERNAL_ERROR = orjson.dumps({"detail": "Internal server error."})
"""The unexpected: nothing of it leaves the house."""
