"""What is wrong with a configuration, in sentences that say what to do. Never shows a secret."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, SecretStr
from pydantic_core import ErrorDetails

# pydantic's error types in our words; `{...}` are the figures that come with them.
_SENTENCES = {
    "missing": "is missing",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "string_type": "must be a text in quotes",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "path_type": "must be the path of a file, in quotes",
    "string_pattern_mismatch": "is not written as it should be",
    "string_too_short": "must not be empty",
    "too_short": "needs at least {min_length}",
    "too_long": "takes at most {max_length}",
    "value_error": "{error}",
}

# Faults whose sentence is clear without the value, or of which the value is another one.
_WITHOUT_VALUE = frozenset({"missing", "extra_forbidden", "too_short", "string_too_short"})


def problem(where: str, error: ErrorDetails, model: type[BaseModel]) -> str:
    """Return the sentence for one of pydantic's errors at that place."""
    if error["type"] == "extra_forbidden":
        known = [key for key in model.model_fields if key not in {"name", "kind"}]
        return f"{where}: unknown key{hint(str(error['loc'][-1]), model.model_fields, known)}"
    if error["type"] == "literal_error":
        choices = str(error["ctx"]["expected"]).replace("'", '"')
        text = f"must be {choices}"
    else:
        template = _SENTENCES.get(error["type"])
        text = template.format(**error.get("ctx", {})) if template else _lower(error["msg"])
    return f"{where}: {text}{_value(error, model)}"


def unknown(where: str, value: str, known: Iterable[str]) -> str:
    """Return the sentence for a name that is not one of those that are known."""
    names = sorted(known)
    return f'{where}: "{value}" is unknown{hint(value, names, names)}'


def hint(key: str, candidates: Iterable[str], known: Iterable[str]) -> str:
    """Return the nearest of the candidates as a question, else what is known."""
    near = get_close_matches(key, list(candidates), n=1)
    return f'; did you mean "{near[0]}"?' if near else f"; known are {_listed(known)}"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names) or "none"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _value(error: ErrorDetails, model: type[BaseModel]) -> str:
    value = error["input"]
    if error["type"] in _WITHOUT_VALUE or not error["loc"] or isinstance(value, (Mapping, list)):
        return ""
    if _is_secret(model, str(error["loc"][0])):
        return ""
    return f", is {_shown(value)}"


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, (int, float)) else f'"{value}"'


def _is_secret(model: type[BaseModel], key: str) -> bool:
    field = model.model_fields.get(key)
    # A URL may hold a password.
    return field is None or "url" in key or SecretStr.__name__ in repr(field.annotation)
