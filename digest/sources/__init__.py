"""Where papers come from: the kinds of sources, built-in ones and those of other packages."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Protocol, cast

from pydantic import BaseModel, ValidationError

from digest.config import SourceSettings
from digest.errors import ConfigError
from digest.ports import Clock, Source
from digest.sources.arxiv import Arxiv
from digest.sources.http import Fetcher
from digest.sources.huggingface import HuggingFace
from digest.sources.rss import Rss

GROUP = "digest.sources"


class Kind(Protocol):
    """What a class must be to be a kind: its `Options` are the keys of its `[[sources]]` table."""

    Options: type[BaseModel]

    def __call__(self, options: Any, fetcher: Fetcher, clock: Clock) -> Source:
        """Make a source."""
        ...


KINDS: Mapping[str, Any] = {
    "arxiv": Arxiv,
    "huggingface": HuggingFace,
    "rss": Rss,
}


def names() -> list[str]:
    """Return the names of all kinds, sorted; other packages' ones need not work."""
    return sorted({*KINDS, *entry_points(group=GROUP).names})


def options(kind: str) -> type[BaseModel] | None:
    """Return the keys of a kind, `None` for an unknown one.

    Raise `ConfigError` when the package that brings the kind cannot be used.
    """
    found = _find(kind)
    return None if found is None else found.Options


def build(settings: SourceSettings, fetcher: Fetcher, clock: Clock) -> Source:
    """Make the source of one `[[sources]]` table; raise `ConfigError` with every problem."""
    kind = _find(settings.kind)
    if kind is None:
        raise ConfigError(
            f'Source "{settings.name}": there is no kind "{settings.kind}"; '
            f"the kinds are {', '.join(names())}."
        )
    try:
        given = kind.Options.model_validate(settings.options)
    except ValidationError as error:
        raise ConfigError(*(_problem(settings.name, one) for one in error.errors())) from error
    return kind(given, fetcher, clock)


def _problem(name: str, error: Mapping[str, Any]) -> str:
    key = ".".join(str(part) for part in error["loc"])
    what = error["msg"].removeprefix("Value error, ")
    return f'Source "{name}": {key + ": " if key else ""}{what}.'


def _find(kind: str) -> Kind | None:
    points = list(entry_points(group=GROUP, name=kind))
    if kind in KINDS:
        return cast(Kind, KINDS[kind])
    if not points:
        return None
    if len(points) > 1:
        raise ConfigError(
            f'Two packages bring a source of kind "{kind}": uninstall one of '
            f"{', '.join(point.value for point in points)}."
        )
    return _load(points[0])


def _load(point: EntryPoint) -> Kind:
    try:
        found = point.load()
    except Exception as error:
        # Somebody else's code: whatever it raises, only its own kind is unusable.
        raise ConfigError(
            f'The kind "{point.name}" of {point.value} cannot be loaded '
            f"({type(error).__name__}: {error}): mend or uninstall that package."
        ) from error
    model = getattr(found, "Options", None)
    if not (callable(found) and isinstance(model, type) and issubclass(model, BaseModel)):
        raise ConfigError(
            f'The kind "{point.name}" of {point.value} is no source: '
            "it must be a class with a pydantic model named Options."
        )
    return cast(Kind, found)
