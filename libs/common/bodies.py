"""Request bodies of any of the three kinds every write endpoint takes: JSON, form, multipart (contract G2)."""

from collections.abc import AsyncIterator, Callable
from typing import Any, Final, Generic, TypeVar
from urllib.parse import parse_qsl

from fastapi import Depends, Request
from pydantic import BaseModel, ValidationError
from python_multipart.multipart import parse_options_header
from starlette.datastructures import UploadFile

from libs.common.errors import FieldErrors, ParseError, TooLarge, UnsupportedMediaType
from libs.common.json_values import NotJson, read_json
from libs.common.multipart import read_multipart
from libs.common.validation import field_errors

JSON: Final = "application/json"
URLENCODED: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"
FORMS: Final = (URLENCODED, MULTIPART)
CHARSETS: Final = ("utf-8", "utf8", "us-ascii")
MAX_TEXT_BODY: Final = 1024 * 1024
"""Bytes of a body without files. All that the contract lets anybody say fits in several times."""
MAX_VALUES: Final = 100_000
"""Commas in a JSON body: looking through a million values would hold up everybody else's requests."""
MAX_FIELDS: Final = 50


Model = TypeVar("Model", bound=BaseModel)


class BodyOf(Generic[Model]):
    """A dependency that reads the request's body into `model`; the API documentation reads `model` from it."""

    def __init__(self, model: type[Model]) -> None:
        self.model = model

    async def __call__(self, request: Request) -> AsyncIterator[Model]:
        data = await read_body(request)
        try:
            yield self._validated(data)
        finally:
            # Uploaded files are temporary ones; they end with the route.
            for value in data.values():
                if isinstance(value, UploadFile):
                    await value.close()

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
        UnsupportedMediaType: neither JSON nor a form, or compressed, or in another encoding than UTF-8.
        ParseError: unreadable, with the reason in `detail`.
        TooLarge: more text than anybody has to say.
        FieldErrors: JSON, but not an object; two files of one name.
    """
    media_type, options = _content_type(request)
    if request.headers.get("content-encoding", "identity").lower() not in ("", "identity"):
        raise UnsupportedMediaType(f"{media_type}; {request.headers['content-encoding']}")
    if options.get("charset", "utf-8").lower() not in CHARSETS:
        raise UnsupportedMediaType(f"{media_type}; charset={options['charset']}")
    if media_type == MULTIPART:
        return await read_multipart(request.headers, request.stream())
    if media_type not in (JSON, URLENCODED, ""):
        raise UnsupportedMediaType(media_type)
    raw = await _text_of(request)
    if media_type == JSON:
        return _read_json(raw)
    if media_type == URLENCODED:
        return _read_urlencoded(raw)
    if raw:
        raise UnsupportedMediaType(media_type)
    return {}


def _content_type(request: Request) -> tuple[str, dict[str, str]]:
    """The type in small letters, and its parameters."""
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    return kind.decode("latin-1").strip().lower(), {
        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in options.items()
    }


async def _text_of(request: Request) -> bytes:
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > MAX_TEXT_BODY:
            raise TooLarge
    return bytes(raw)


def _read_json(raw: bytes) -> dict[str, Any]:
    if not raw.strip():
        return {}
    if raw.count(b",") > MAX_VALUES:
        raise ParseError({"detail": f"JSON parse error - more than {MAX_VALUES} values"})
    try:
        data = read_json(raw)
    except NotJson as error:
        raise ParseError({"detail": f"JSON parse error - {error}"}) from None
    if not isinstance(data, dict):
        kind = {"NoneType": "null"}.get(type(data).__name__, type(data).__name__)
        raise FieldErrors.of_all(f"Invalid data. Expected a dictionary, but got {kind}.")
    return data


def _read_urlencoded(raw: bytes) -> dict[str, Any]:
    """A repeated name: the last one wins, as in JSON."""
    try:
        pairs = parse_qsl(raw.decode(), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError:  # Not UTF-8, or more fields than any form has.
        raise ParseError({"detail": "Form parse error - Invalid form."}) from None
    return dict(pairs)
