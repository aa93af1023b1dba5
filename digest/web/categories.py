"""The categories that the forms offer; others can be typed in."""

from __future__ import annotations

# From https://arxiv.org/category_taxonomy: code, name; the ones with the most new papers.
OFFERED = (
    ("cs.LG", "Machine learning"),
    ("cs.AI", "Artificial intelligence"),
    ("cs.CL", "Language"),
    ("cs.CV", "Computer vision"),
    ("cs.RO", "Robotics"),
    ("cs.IR", "Information retrieval"),
    ("cs.SE", "Software engineering"),
    ("cs.CR", "Security"),
    ("cs.HC", "People and computers"),
    ("cs.DC", "Distributed computing"),
    ("cs.SD", "Sound"),
    ("stat.ML", "Statistics of learning"),
    ("math.OC", "Optimization"),
    ("eess.IV", "Image processing"),
    ("q-bio.NC", "Neurons and cognition"),
    ("quant-ph", "Quantum physics"),
)

CODES = frozenset(code for code, _ in OFFERED)
