"""What a query string may ask: short text that a database can carry."""

from typing import Annotated

from fastapi import Query
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from libs.common.json_values import is_safe_text
from libs.common.pages import Searched


def _safe(text: str) -> str:
    if not is_safe_text(text):
        raise PydanticCustomError("unsafe_text", "Null characters are not allowed.")
    return text.strip()


Asked = Annotated[str, Query(max_length=200), AfterValidator(_safe)]
"""A name, or what else a column holds."""
AskedFor = Annotated[Searched, AfterValidator(_safe)]
"""Words to look for."""
