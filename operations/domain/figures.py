"""Names of the figures that are kept beside what the rules read."""

from __future__ import annotations

DATABASE_MS = "figure-database-ms"
REDIS_MS = "figure-redis-ms"
QUEUED = "figure-queued"
OUTBOX = "figure-outbox"
