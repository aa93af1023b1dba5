"""The command `digest`: documents on stdout, talk on stderr, the exit code says how it went.

The parts of the program are imported by the commands that use them, so that `digest --help` and
a mistyped option answer at once instead of waiting for the numerical libraries.
"""

from __future__ import annotations

from digest.cli.root import cli, main

__all__ = ["cli", "main"]
