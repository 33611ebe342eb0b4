"""Parts of a page that are dear to compute, given again while they are true.

Where several hosts serve, none hears of what the others write: there nothing is kept.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.template import Context
from django.utils import timezone
from django.utils.safestring import SafeString

from kernel.limits.shared import LimitsBusy
from kernel.pieces import blank_html, own_answer
from kernel.remembered import Remembered
from kernel.versions import place_of, stamps

MOST_BYTES = 32_000_000
MINUTE = 60  # a page says for when it was told, to the minute
_remembered: Remembered[str] = Remembered(MOST_BYTES, MINUTE)


@dataclass(frozen=True, kw_only=True)
class KeptPart:
    """`likeness` holds everything that it depends on but what is written: who asks, what
    for, and how they like it; `names` what is written that it follows from, and `origin`
    (see `origin_of`) how that stood, None where that is not known. `context` is asked for
    only where nothing is kept."""

    template: str
    likeness: Hashable
    names: Sequence[str]
    origin: Hashable | None
    context: Callable[[], Mapping[str, Any]]


def origin_of(names: Iterable[str], numbers: Hashable) -> Hashable | None:
    """What a part comes from that is computed from now on: the stamps of these names,
    the versions that the database named, and the minute."""
    if settings.RATE_LIMIT_HOSTS != 1:
        return None
    places = tuple(sorted({place_of(name) for name in names}))
    try:
        return places, stamps().at(places), numbers, int(time.time()) // MINUTE
    except (LimitsBusy, OSError):
        return None


def part_html(part: KeptPart, context: Context) -> SafeString:
    """The part within this answer."""
    key = (part.template, part.likeness, timezone.get_current_timezone_name())
    html = None if part.origin is None else _remembered.get(key, part.origin)
    if html is None:
        shared: dict[str, Any] = context.flatten()  # type: ignore[assignment]
        html = blank_html(part.template, {**shared, **part.context()})
        if part.origin is not None:
            _remembered.put(key, part.origin, html, len(html))
    return own_answer(html, context)
