"""Does a database that answers take changes?"""

from __future__ import annotations

import os

from django.db import connection


def read_only() -> bool:
    """A standby, a server that was set so, or a file system that became so (as Linux
    does after errors of a disk): what only reads goes on, and nobody can write."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT current_setting('transaction_read_only')")
            return bool(cursor.fetchone()[0] == "on")
        cursor.execute("PRAGMA database_list")
        return not os.access(cursor.fetchone()[2], os.W_OK)
