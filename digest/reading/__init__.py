"""What readers see of the papers: lists of a time, one paper and what is like it, and search.

Who reads changes nothing. Lists are cut into pages by where the last one ended, so the hundredth
page costs what the first one does; what takes longer than a page may is worked out beforehand, when
the sources have been read, or kept while nothing comes in.
"""

from __future__ import annotations

from digest.reading import periods
from digest.reading.lists import PAGE, Listing, Reader

__all__ = ["PAGE", "Listing", "Reader", "periods"]
