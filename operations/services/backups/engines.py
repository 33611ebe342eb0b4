"""Which database this is."""

from __future__ import annotations

from typing import cast

from django.db import connection

from operations.services.backups import postgresql, sqlite
from operations.services.backups.copies import Engine


def name() -> str:
    """ "sqlite" or "postgresql"."""
    return connection.vendor


def engine() -> Engine:
    return cast(Engine, sqlite if name() == "sqlite" else postgresql)
