"""Which settings this process was started with, as one digest that tells none of them.

Evidence about a running product is bound to it beside the commit: a process that is
started anew with a weaker secret runs the same code.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from functools import cache

import rfc8785
from django.conf import settings

# Where a product stands and what it is called changes nothing of what it does.
LEFT_OUT = frozenset(
    {
        *("PORT", "BIND", "DEMO", "DEMO_PASSWORD", "STATE_DIR", "CHECKPOINT_DIR"),
        *("LOG_KEY_FILE", "RRR_COMMIT", "RRR_VERSION"),
    }
)


def digest(given: Mapping[str, str], key: str) -> str:
    """HMAC-SHA256 (hex) under SECRET_KEY of the canonical JSON of all settings as they
    were given: who reads it can test no guess of a secret."""
    counted = {name: text for name, text in given.items() if name not in LEFT_OUT}
    return hmac.new(key.encode(), rfc8785.dumps(counted), hashlib.sha256).hexdigest()


@cache
def running() -> str:
    """Of this process, fixed when it starts."""
    return digest(settings.SETTINGS_READ, settings.SECRET_KEY)
