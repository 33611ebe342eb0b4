"""What DATABASE_URL may say of the way to the server, behind its ?.

Each is an option of libpq that its programs (pg_dump, psql) read from the environment,
too, and have for as long as any PostgreSQL that is still kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ANY: tuple[str, ...] = ()
VERSIONS = ("TLSv1.2", "TLSv1.3")
# What each may be.
VALUES: Mapping[str, tuple[str, ...]] = {
    "sslmode": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    "sslrootcert": ANY,
    "sslcert": ANY,
    "sslkey": ANY,
    "sslcrl": ANY,
    "ssl_min_protocol_version": VERSIONS,
    "ssl_max_protocol_version": VERSIONS,
    "channel_binding": ("disable", "prefer", "require"),
    "gssencmode": ("disable", "prefer", "require"),
    "target_session_attrs": (
        *("any", "read-write", "read-only"),
        *("primary", "standby", "prefer-standby"),
    ),
}


def for_programs(options: Mapping[str, Any]) -> dict[str, str]:
    """The environment in which a program of PostgreSQL goes the same way."""
    return {
        f"PG{name.upper().replace('_', '')}": str(options[name])
        for name in VALUES
        if name in options
    }
