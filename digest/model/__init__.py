"""The frozen values that the parts of the program hand to each other.

Timestamps are aware and in UTC; names that end in `_at` are timestamps.
"""

from __future__ import annotations

from digest.model.deliveries import (
    FINAL_STATES,
    LIVE_STATES,
    QUIET_REASONS,
    Delivery,
    DeliveryKind,
    DeliveryState,
    Edition,
    EditionSummary,
    Message,
    Plan,
    Receipt,
    Rendered,
    SentDigest,
    SkipReason,
)
from digest.model.papers import (
    Fetched,
    Link,
    LinkKind,
    Paper,
    Signal,
    SignalName,
    SourceOutcome,
    SourceReport,
    SourceState,
)
from digest.model.ranking import (
    Candidate,
    Expectation,
    Pick,
    Profile,
    Section,
)
from digest.model.reading import (
    Hit,
    Period,
    PeriodKind,
    Sort,
    Words,
)
from digest.model.runs import (
    Run,
    RunOutcome,
)
from digest.model.subscribers import (
    BounceKind,
    Cadence,
    Feedback,
    Interest,
    InterestKind,
    Opinion,
    Rhythm,
    Subscriber,
    SubscriberStatus,
    SuppressionReason,
)

__all__ = [
    "FINAL_STATES",
    "LIVE_STATES",
    "QUIET_REASONS",
    "BounceKind",
    "Cadence",
    "Candidate",
    "Delivery",
    "DeliveryKind",
    "DeliveryState",
    "Edition",
    "EditionSummary",
    "Expectation",
    "Feedback",
    "Fetched",
    "Hit",
    "Interest",
    "InterestKind",
    "Link",
    "LinkKind",
    "Message",
    "Opinion",
    "Paper",
    "Period",
    "PeriodKind",
    "Pick",
    "Plan",
    "Profile",
    "Receipt",
    "Rendered",
    "Rhythm",
    "Run",
    "RunOutcome",
    "Section",
    "SentDigest",
    "Signal",
    "SignalName",
    "SkipReason",
    "Sort",
    "SourceOutcome",
    "SourceReport",
    "SourceState",
    "Subscriber",
    "SubscriberStatus",
    "SuppressionReason",
    "Words",
]
