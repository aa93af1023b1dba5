"""Find the files that are not Python: inside the installed package, or beside it in a checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def templates_dir() -> Path:
    """Return the folder of the built-in templates."""
    return _find("templates")


def template_folders(own: Path | None) -> list[Path]:
    """Return where templates and catalogues are looked for: a site's own come first."""
    return [*([own] if own else []), templates_dir()]


def migrations_dir() -> Path:
    """Return the folder of the Alembic migrations."""
    return _find("migrations")


def example_config() -> Path:
    """Return the example configuration."""
    return _find("config.example.toml")


def _find(name: str) -> Path:
    inside = _PACKAGE / name
    return inside if inside.exists() else _PACKAGE.parent / name
