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
from digest.model.trends import (
    Gain,
    Place,
    Strength,
    Track,
    Trend,
    Window,
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
    "Gain",
    "Interest",
    "InterestKind",
    "Link",
    "LinkKind",
    "Message",
    "Opinion",
    "Paper",
    "Pick",
    "Place",
    "Plan",
    "Profile",
    "Receipt",
    "Rendered",
    "Rhythm",
    "Run",
    "RunOutcome",
    "SentDigest",
    "Signal",
    "SignalName",
    "SkipReason",
    "SourceOutcome",
    "SourceReport",
    "SourceState",
    "Strength",
    "Subscriber",
    "SubscriberStatus",
    "SuppressionReason",
    "Track",
    "Trend",
    "Window",
]
