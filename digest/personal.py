"""What differs by reader, under the names of its slots, and where it comes from."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from digest.compose import about_context
from digest.links import Links
from digest.model import Delivery, Subscriber

FEEDBACK = "paper.more or paper.less"
UNSUBSCRIBE = "links.unsubscribe"
AUTHOR = "about.author"

_Source = Callable[[Delivery, Subscriber, Links], str]

_PERSONAL: Mapping[str, _Source] = {
    AUTHOR: lambda delivery, _, __: str(about_context(delivery)["author"]),
    "subscriber.email": lambda _, subscriber, __: subscriber.email,
    "subscriber.name": lambda _, subscriber, __: subscriber.name,
    "links.confirm": lambda _, subscriber, links: links.confirm(subscriber.public_id),
    "links.preferences": lambda _, subscriber, links: links.preferences(subscriber.public_id),
    UNSUBSCRIBE: lambda _, subscriber, links: links.unsubscribe(subscriber.public_id),
    "links.browser": lambda delivery, subscriber, links: links.digest(
        subscriber.public_id, delivery.key
    ),
    FEEDBACK: lambda _, subscriber, links: links.feedback(subscriber.public_id),
}


class Reader(dict[str, str]):
    """The values of one reader's slots; a link is signed when a template asks for it."""

    def __init__(self, delivery: Delivery, subscriber: Subscriber, links: Links) -> None:
        super().__init__()
        self._asked = (delivery, subscriber, links)

    def __missing__(self, name: str) -> str:
        """Return a value, and keep it."""
        self[name] = value = _PERSONAL[name](*self._asked)
        return value
