"""Ways to reach people: a kind is one module here, named as in `Notice.channel`.

It has `check(address)` and `send(message)`; a new kind is one file more. `problem_with`
and `send` of this module ask them: whatever goes wrong there is told in a sentence.
"""

from __future__ import annotations

import importlib
import logging
import pkgutil
from dataclasses import dataclass
from typing import Protocol, cast

logger = logging.getLogger("rrr.notices")


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


def problem_with(kind: str, address: str) -> str:
    """Why nothing can be sent there on this channel; "" when it may be tried."""
    try:
        return channel(kind).check(address)
    except ChannelError as error:
        return str(error)
    except Exception as error:
        logger.exception("%s could not check an address", kind)
        return f"{kind} could not check it: {type(error).__name__}"


def send(kind: str, message: Message) -> None:
    """Hand the message to its channel. Raises ChannelError, whatever was the matter:
    a mistake that nobody thought of must leave no message half sent."""
    try:
        channel(kind).send(message)
    except ChannelError:
        raise
    except Exception as error:
        logger.exception("%s could not send a message", kind)
        reason = f"{kind} could not send it: {type(error).__name__}: {error}"
        raise ChannelError(reason, permanent=False) from error
