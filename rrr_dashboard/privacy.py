"""Only our own user reads what the product writes: database, log key, mail, backups."""

from __future__ import annotations

import os

from django.conf import settings
from django.db import connection

from kernel.files import OTHERS, narrow
from operations.services.backups.sqlite import database_path

# What SQLite keeps beside the database holds the same rows.
BESIDE = ("", "-wal", "-shm", "-journal")


def keep_private() -> None:
    """Nothing new for others (files 0600, folders 0700), and nothing left of what was
    written before this rule, in STATE_DIR and of a SQLite database elsewhere."""
    os.umask(OTHERS)
    narrow(settings.STATE_DIR)
    if connection.vendor == "sqlite":
        path = database_path()
        for ending in BESIDE:
            narrow(path.with_name(path.name + ending))
