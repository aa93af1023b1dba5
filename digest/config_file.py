"""TOML and environment -> Settings, with everything that is wrong said at once.

The file is the one asked for, else $DIGEST_CONFIG, else ./config.toml, else
/etc/digest/config.toml. `DIGEST_SECTION__KEY` overrides `key` of `[section]`, and
`DIGEST_SOURCES__NAME__KEY` that of the source of that name. Relative paths start at the file's
folder.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, get_args, get_origin

from pydantic import BaseModel, SecretStr, ValidationError

from digest.config import Database, Section, Semantic, Settings, Smtp, SourceSettings
from digest.config_problems import hint, problem, unknown
from digest.errors import ConfigError

DEFAULT_PATHS = (Path("config.toml"), Path("/etc/digest/config.toml"))

SECTIONS: dict[str, type[Section]] = {
    name: field.annotation
    for name, field in Settings.model_fields.items()
    if isinstance(field.annotation, type) and issubclass(field.annotation, Section)
}

MASK = "********"

# Names that begin like settings and are none.
_OTHER_NAMES = frozenset({"DIGEST_CONFIG", "DIGEST_SHARED_DATA", "DIGEST_UPDATE_GOLDEN"})
_PREFIX = "DIGEST_"

SourceOptions = Callable[[str], type[BaseModel] | None]
"""The model of the keys of one kind of source, `None` for a kind that is not known."""


def load(
    path: Path | None,
    environ: Mapping[str, str],
    *,
    source_options: SourceOptions,
    source_kinds: Sequence[str],
    transports: Sequence[str],
) -> Settings:
    """Return the settings; raise `ConfigError` with every problem there is."""
    found = find(path, environ)
    reader = _Reader(read(found), found.absolute().parent, source_options, source_kinds)
    reader.override(environ)
    sections = {name: reader.section(name, model) for name, model in SECTIONS.items()}
    sources = reader.sources()
    smtp = sections["smtp"]
    if isinstance(smtp, Smtp) and smtp.transport not in transports:
        where = reader.where("smtp", "transport")
        reader.problems.append(unknown(where, smtp.transport, transports))
    if reader.problems:
        raise ConfigError(*reader.problems)
    return Settings.model_validate({**sections, "sources": sources})


def find(path: Path | None, environ: Mapping[str, str]) -> Path:
    """Return the file to read; raise `ConfigError` where there is none."""
    named = path or (Path(environ["DIGEST_CONFIG"]) if environ.get("DIGEST_CONFIG") else None)
    if named is not None:
        if not named.is_file():
            raise ConfigError(
                f"there is no configuration file {named}: "
                f"write one with `digest --config {named} config init`"
            )
        return named
    for candidate in DEFAULT_PATHS:
        if candidate.is_file():
            return candidate
    raise ConfigError(
        "there is no configuration file (looked for $DIGEST_CONFIG, ./config.toml and "
        "/etc/digest/config.toml): write one with `digest config init`"
    )


def read(path: Path) -> dict[str, Any]:
    """Parse one file; raise `ConfigError` with the line where it cannot be parsed."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not TOML: {error}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not text in UTF-8") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error


Model = TypeVar("Model", bound=BaseModel)


class _Place(NamedTuple):
    """Where a value from the environment goes."""

    label: str
    key: str
    table: dict[str, Any]
    model: type[BaseModel]


class _Reader:
    """What was read, with what is wrong with it so far."""

    def __init__(
        self,
        raw: dict[str, Any],
        folder: Path,
        source_options: SourceOptions,
        source_kinds: Sequence[str],
    ) -> None:
        self.problems: list[str] = []
        self._raw = raw
        self._folder = folder
        self._source_options = source_options
        self._source_kinds = source_kinds
        self._from_environ: dict[tuple[str, str], str] = {}
        self._check_tables()

    def _check_tables(self) -> None:
        names = [*SECTIONS, "sources"]
        for name in [name for name in self._raw if name not in names]:
            is_table = isinstance(self._raw.pop(name), (dict, list))
            where = f"[{name}]: unknown section" if is_table else f"{name}: stands in no section"
            self.problems.append(where + hint(name, names, names))
        for name in [name for name in SECTIONS if not isinstance(self._raw.get(name, {}), dict)]:
            del self._raw[name]
            self.problems.append(f"[{name}]: must be a section: write [{name}] on its own line")
        tables = self._raw.get("sources", [])
        if not (isinstance(tables, list) and all(isinstance(one, dict) for one in tables)):
            del self._raw["sources"]
            self.problems.append("[[sources]]: begin each source with [[sources]] on its own line")

    def where(self, label: str, key: str) -> str:
        """Name the place of a key as the person who wrote it knows it."""
        variable_name = self._from_environ.get((label, key))
        if variable_name:
            return f"{variable_name} in the environment"
        return f"[{label}] {key}".rstrip()

    # --- environment --------------------------------------------------------------------

    def override(self, environ: Mapping[str, str]) -> None:
        """Put what the environment says over what the file says."""
        places = self._places()
        for name, value in sorted(environ.items()):
            if not name.startswith(_PREFIX) or name in _OTHER_NAMES:
                continue
            if (place := places.get(name)) is None:
                near = hint(name, [*places, *_OTHER_NAMES], ["DIGEST_SECTION__KEY"])
                self.problems.append(f"{name} in the environment: unknown setting{near}")
                continue
            place.table[place.key] = _parsed(value, place.model, place.key)
            self._from_environ[place.label, place.key] = name

    def _places(self) -> dict[str, _Place]:
        places = {
            variable(name, key): _Place(name, key, self._raw.setdefault(name, {}), model)
            for name, model in SECTIONS.items()
            for key in model.model_fields
        }
        for number, table in enumerate(self._raw.get("sources", []), start=1):
            options = None
            with suppress(ConfigError):  # told when the source is checked
                options = self._source_options(str(table.get("kind")))
            if options is None:
                continue
            for key in options.model_fields:
                name = variable("sources", str(table.get("name")), key)
                places[name] = _Place(_label(table, number), key, table, options)
        return places

    # --- sections -----------------------------------------------------------------------

    def section(self, name: str, model: type[Section]) -> Section | None:
        """Check one section; `None` where it cannot be used."""
        checked = self._check(name, model, self._raw.get(name, {}))
        if checked is None:
            return None
        changes = self._absolute(checked)
        if isinstance(checked, Database):
            changes["url"] = absolute_url(checked.url, self._folder)
        if isinstance(checked, Semantic):
            changes["model"] = absolute_model(checked.model, self._folder)
        return checked.model_copy(update=changes)

    def sources(self) -> tuple[SourceSettings, ...]:
        """Check every source and its own keys."""
        checked = [
            source
            for number, table in enumerate(self._raw.get("sources", []), start=1)
            if (source := self._source(table, _label(table, number)))
        ]
        names = [source.name for source in checked]
        for name in dict.fromkeys(name for name in names if names.count(name) > 1):
            self.problems.append(
                f'[[sources]] name: "{name}" is the name of {names.count(name)} sources; '
                "give each its own"
            )
        return tuple(checked)

    def _source(self, table: dict[str, Any], label: str) -> SourceSettings | None:
        source = self._check(label, SourceSettings, table)
        if source is None:
            return None
        try:
            options = self._source_options(source.kind)
        except ConfigError as error:
            self.problems += error.problems
            return None
        if options is None:
            self.problems.append(unknown(f"[{label}] kind", source.kind, self._source_kinds))
            return None
        given = source.options
        checked = self._check(label, options, given)
        if checked is None:
            return None
        # A secret stays wrapped from here on, a path has its folder.
        values = {key: getattr(checked, key, None) for key in given}
        wrapped = {key: value for key, value in values.items() if isinstance(value, SecretStr)}
        absolute = {key: path for key, path in self._absolute(checked).items() if key in given}
        return source.model_copy(update=wrapped | absolute)

    def _check(self, label: str, model: type[Model], table: Any) -> Model | None:
        try:
            return model.model_validate(table)
        except ValidationError as error:
            for one in error.errors(include_url=False):
                key = str(one["loc"][0]) if one["loc"] else ""
                self.problems.append(problem(self.where(label, key), one, model))
            return None

    def _absolute(self, model: BaseModel) -> dict[str, Any]:
        changes: dict[str, Any] = {}
        for key in type(model).model_fields:
            match getattr(model, key):
                case Path() as path:
                    changes[key] = self._folder / path.expanduser()
                case (Path(), *_) as paths:
                    changes[key] = tuple(self._folder / path.expanduser() for path in paths)
        return changes


def variable(*path: str) -> str:
    """Return the name in the environment of one setting: `DIGEST_SMTP__PASSWORD`."""
    return _PREFIX + "__".join(re.sub(r"[^A-Z0-9]+", "_", part.upper()) for part in path)


def absolute_url(url: str, folder: Path) -> str:
    """Return a database URL whose SQLite file, if relative, stands in `folder`."""
    match = re.fullmatch(r"(sqlite(?:\+\w+)?:///)([^/:?][^?]*)(\?.*)?", url)
    if match is None or match[2].startswith("file:"):
        return url
    return f"{match[1]}{folder / match[2]}{match[3] or ''}"


def absolute_model(model: str, folder: Path) -> str:
    """Return a sentence model whose folder or file, if there is one, stands in `folder`."""
    place = folder / Path(model).expanduser()
    return str(place) if model and place.exists() else model


def shown(settings: Settings) -> dict[str, Any]:
    """Return the settings as JSON knows them, with every secret masked."""
    return {name: _masked(value) for name, value in settings.model_dump().items()}


def _masked(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return MASK if value.get_secret_value() else ""
    if isinstance(value, dict):
        return {key: _masked(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_masked(one) for one in value]
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, str):
        return re.sub(r"(://[^/@:]*:)[^/@]*@", rf"\1{MASK}@", value)
    return value


def _label(table: Mapping[str, Any], number: int) -> str:
    return f'[sources "{table["name"]}"]' if table.get("name") else f"[sources {number}]"


def _parsed(value: str, model: type[BaseModel], key: str) -> Any:
    # Numbers and truths are left to the model, which reads them from text.
    annotation = model.model_fields[key].annotation
    kinds = {get_origin(one) for one in (annotation, *get_args(annotation))}
    if not kinds & {tuple, list, dict}:
        return value
    if value.lstrip().startswith(("[", "{")) or dict in kinds:
        try:
            return json.loads(value)
        except ValueError:
            return value
    return [part.strip() for part in value.split(",") if part.strip()]
