"""The pages: today's papers, sign-up, and what the links in a mail lead to.

The only place of FastAPI and uvicorn. Pages are rendered here, need no script and ask nobody
else for anything. GET never changes anything: mail scanners follow links.
"""

from __future__ import annotations

from digest.web.app import create

__all__ = ["create"]
