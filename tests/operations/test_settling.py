"""What a restored copy would still have sent is not sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from operations.domain.alerting import Reading
from operations.models import Alert, Heartbeat, Notice, Rule
from operations.services import alerting, heartbeats
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


def test_no_process_of_back_then_lives(db: None) -> None:
    """A restore right after one of a young backup was refused: its `watch` lived."""
    heartbeats.beat("watch", NOW, host="elsewhere", pid=7)
    settle(BACKUP, NOW)
    assert not Heartbeat.objects.exists()


@pytest.mark.parametrize("state", ["firing", "resolved"])
def test_an_alert_that_was_flapping_says_nothing_after_a_restore(
    make_alert: Callable[..., Alert], memory_rule: Rule, state: str
) -> None:
    mark = alerting.fingerprint("memory", "host")
    calm = Reading("memory", "host", memory_rule.threshold)
    make_alert(state=state, fingerprint=mark, target="host", episode=3, unsettled=True)
    settle(BACKUP, NOW)
    for seconds in range(0, 600, 10):
        alerting.apply(calm, memory_rule, NOW + timedelta(seconds=seconds))
    assert not Notice.objects.exists()
