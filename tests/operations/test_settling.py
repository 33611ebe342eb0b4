"""What a restored copy would still have sent is not sent."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from operations.models import Notice
from operations.services.backups.files import Manifest
from operations.services.backups.settling import settle

NOW = datetime(2026, 5, 4, 3, tzinfo=UTC)
BACKUP = Manifest(
    uid="b-1",
    engine="sqlite",
    taken_at="2026-05-04T02:00:00Z",
    database="database.sqlite3",
    database_sha256="0" * 64,
    migrations=[],
    marker={},
)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("queued", "suppressed"),
        ("sending", "suppressed"),
        ("sent", "sent"),
        ("dead", "dead"),
    ],
)
def test_a_restore_ends_what_was_on_its_way(db: None, before: str, after: str) -> None:
    notice = Notice.objects.create(
        kind="alert",
        about="alert:1",
        recipient="olga",
        channel="mail",
        level="firing",
        dedup_key=before,
        subject="Database unreachable",
        body="…",
        state=before,
        lease_owner="worker-1" if before == "sending" else "",
        lease_until=NOW if before == "sending" else None,
        created_at=NOW,
    )

    settle(BACKUP, NOW)

    notice.refresh_from_db()
    assert (notice.state, notice.lease_owner, notice.lease_until) == (after, "", None)
