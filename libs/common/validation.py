"""Validation errors in the words the client knows (contract G3): arrays of messages by field."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

Message = str | Callable[[Mapping[str, Any]], str]


def _shown(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 100 else text[:100] + "…"


def _length(context: Mapping[str, Any]) -> str:
    count = context["min_length"]
    if count == 1:
        return "This field may not be blank."
    return f"Ensure this field has at least {count} characters."


MESSAGES: Final[dict[str, Message]] = {
    "missing": "This field is required.",
    "string_too_short": _length,
    "string_too_long": lambda context: f"Ensure this field has no more than {context['max_length']} characters.",
    "string_type": "Not a valid string.",
    "string_unicode": "Not a valid string.",
    "bool_type": "Must be a valid boolean.",
    "bool_parsing": "Must be a valid boolean.",
    "int_type": "A valid integer is required.",
    "int_parsing": "A valid integer is required.",
    "int_from_float": "A valid integer is required.",
    "int_parsing_size": "A valid integer is required.",
    "float_type": "A valid number is required.",
    "float_parsing": "A valid number is required.",
    "finite_number": "A valid number is required.",
    "decimal_type": "A valid number is required.",
    "decimal_parsing": "A valid number is required.",
    "decimal_max_digits": lambda context: (
        f"Ensure that there are no more than {context['max_digits']} digits in total."
    ),
    "decimal_max_places": lambda context: (
        f"Ensure that there are no more than {context['decimal_places']} decimal places."
    ),
    "decimal_whole_digits": lambda context: (
        f"Ensure that there are no more than {context['whole_digits']} digits before the decimal point."
    ),
    "greater_than_equal": lambda context: f"Ensure this value is greater than or equal to {context['ge']}.",
    "less_than_equal": lambda context: f"Ensure this value is less than or equal to {context['le']}.",
    "list_type": 'Expected a list of items but got type "{kind}".',
    "dict_type": 'Expected a dictionary of items but got type "{kind}".',
    "is_instance_of": "The submitted data was not a file. Check the encoding type on the form.",
}
CHOICES: Final = ("enum", "literal_error")
UUIDS: Final = ("uuid_type", "uuid_parsing")


def message_of(error: Mapping[str, Any]) -> str:
    """The contract's sentence for one of pydantic's errors."""
    kind, value = error["type"], error.get("input")
    if value is None and kind != "missing":
        return "This field may not be null."
    if kind in CHOICES:
        return f'"{_shown(value)}" is not a valid choice.'
    if kind in UUIDS:
        return "Must be a valid UUID."
    message = MESSAGES.get(kind)
    if message is None:
        # Our own validators raise with the final sentence; pydantic's rare others speak for themselves.
        return str(error["msg"]).removeprefix("Value error, ")
    if callable(message):
        return message(error.get("ctx", {}))
    return message.replace("{kind}", type(value).__name__)


def field_errors(errors: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """All messages by their top-level field; `non_field_errors` where an error names none."""
    fields: dict[str, list[str]] = {}
    for error in errors:
        where = [part for part in error["loc"] if part not in ("body", "query", "path", "header")]
        name = str(where[0]) if where else "non_field_errors"
        sentence = message_of(error)
        if sentence not in fields.setdefault(name, []):
            fields[name].append(sentence)
    return fields
