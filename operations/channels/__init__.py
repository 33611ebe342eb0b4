"""Ways to reach people: a kind is one module here, named as in `Notice.channel`.

It has `check(address)` and `send(message)`; a new kind is one file more.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from typing import Protocol, cast


@dataclass(eq=False)
class ChannelError(Exception):
    """A message was not taken. `permanent`: trying again will not help."""

    message: str
    permanent: bool

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True, kw_only=True)
class Message:
    """`uid` is the notice's, so that a repeat after a crash is recognisable."""

    uid: str
    address: str
    subject: str
    body: str


class Channel(Protocol):
    """What a module of this package offers."""

    def check(self, address: str) -> str:
        """Why nothing can ever be sent to this address; "" when it may be tried."""
        ...

    def send(self, message: Message) -> None:
        """Hand the message over. Raises ChannelError."""
        ...


def channel(kind: str) -> Channel:
    """The channel of this kind. Raises ChannelError for one that is not there."""
    if kind not in {module.name for module in pkgutil.iter_modules(__path__)}:
        raise ChannelError(f"there is no channel {kind!r}", permanent=True)
    return cast(Channel, importlib.import_module(f"{__name__}.{kind}"))
