"""What a recovery promises, and what it needs that no backup holds. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

# From the archive at hand to the restored database; how old that may be is
# BACKUP_FREQUENCY's to say.
RTO = timedelta(minutes=30)


@dataclass(frozen=True, kw_only=True)
class Outside:
    """`name`: what lies outside every backup; `without`: what a restore lacks then."""

    name: str
    without: str


OUTSIDE = (
    Outside(
        name="The backup key (BACKUP_KEY)",
        without="a sealed backup does not open, for anybody",
    ),
    Outside(
        name="The log's key (LOG_KEY_FILE)",
        without="it opens and reads, but nothing can be signed on",
    ),
    Outside(
        name="The field key (FIELD_KEY)",
        without="secrets that the database keeps encrypted cannot be read",
    ),
    Outside(
        name="The rest of .env: secrets, addresses, mail and database passwords",
        without="everybody logs in anew, and each is to be set again",
    ),
    Outside(
        name="Redis or Valkey",
        without="nothing: what must happen is in the database",
    ),
    Outside(
        name="Logs, metrics, the demo's mail and the proxy's certificate",
        without="they begin anew",
    ),
)
