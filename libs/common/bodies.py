"""Request bodies of any of the three kinds every write endpoint takes: JSON, form, multipart (contract G2)."""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any, Final, Generic, TypeVar

import orjson
from fastapi import Depends, Request
from pydantic import BaseModel, ValidationError
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException as StarletteHTTPException

from libs.common.errors import FieldErrors, ParseError, UnsupportedMediaType
from libs.common.validation import field_errors

JSON: Final = "application/json"
FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")
MAX_FIELDS: Final = 50
MAX_FILES: Final = 5
MAX_TEXT_PART: Final = 1024 * 1024
MAX_DEPTH: Final = 32


Model = TypeVar("Model", bound=BaseModel)


class BodyOf(Generic[Model]):
    """A dependency that reads the request's body into `model`; the API documentation reads `model` from it."""

    def __init__(self, model: type[Model]) -> None:
        self.model = model

    async def __call__(self, request: Request) -> AsyncIterator[Model]:
        try:
            yield self._validated(await read_body(request))
        finally:
            # Uploaded files are temporary ones; they end with the route.
            await request.close()

    def _validated(self, data: dict[str, Any]) -> Model:
        try:
            return self.model.model_validate(data)
        except ValidationError as error:
            raise FieldErrors(field_errors(error.errors(include_url=False))) from None


def body(model: type[BaseModel]) -> Any:
    """`data: Annotated[Registration, body(Registration)]`: 415 for other types, 400 by field otherwise."""
    reader: Callable[..., Any] = BodyOf(model)
    return Depends(reader, scope="function")


async def read_body(request: Request) -> dict[str, Any]:
    """The body as a dictionary; files stay `UploadFile`s.

    Raises:
        UnsupportedMediaType: neither JSON nor a form.
        ParseError: unreadable, with the reason in `detail`.
        FieldErrors: JSON, but not an object.
    """
    content_type = request.headers.get("content-type", "")
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type in FORMS:
        return await _read_form(request)
    raw = await request.body()
    if media_type == JSON:
        return _read_json(raw)
    if not raw and not media_type:
        return {}
    raise UnsupportedMediaType(media_type)


def _read_json(raw: bytes) -> dict[str, Any]:
    if not raw.strip():
        return {}
    try:
        data = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise ParseError({"detail": f"JSON parse error - {error}"}) from None
    if _is_deeper(data, MAX_DEPTH):
        raise ParseError({"detail": f"JSON parse error - nested deeper than {MAX_DEPTH} levels"})
    if not isinstance(data, dict):
        kind = {"NoneType": "null"}.get(type(data).__name__, type(data).__name__)
        raise FieldErrors.of_all(f"Invalid data. Expected a dictionary, but got {kind}.")
    return data


def _is_deeper(data: Any, levels: int) -> bool:
    """Level by level, without recursion: the depth is the sender's choice."""
    layer = [data]
    for _ in range(levels):
        layer = [child for item in layer for child in _children(item)]
        if not layer:
            return False
    return True


def _children(item: Any) -> list[Any]:
    if isinstance(item, dict):
        return list(item.values())
    return item if isinstance(item, list) else []


async def _read_form(request: Request) -> dict[str, Any]:
    try:
        form = await request.form(max_files=MAX_FILES, max_fields=MAX_FIELDS, max_part_size=MAX_TEXT_PART)
    except StarletteHTTPException as error:
        raise ParseError({"detail": f"Multipart form parse error - {error.detail}"}) from None
    except (ValueError, KeyError, UnicodeDecodeError):
        raise ParseError({"detail": "Multipart form parse error - Invalid form."}) from None
    # A repeated text: the last one wins, as in JSON. Of two files nobody can say which is meant.
    files = Counter(name for name, value in form.multi_items() if isinstance(value, UploadFile))
    if doubled := [name for name, count in files.items() if count > 1]:
        raise FieldErrors({name: ["Only one file may be submitted."] for name in doubled})
    return dict(form.multi_items())
