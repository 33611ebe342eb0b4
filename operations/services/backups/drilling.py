"""Proof that the newest backup comes back: restored beside the database, compared
with its marker, timed."""

from __future__ import annotations

import time
from decimal import Decimal

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from audit.services import append
from kernel import build
from kernel.errors import said_by
from operations.models import Backup, RestoreDrill
from operations.queries import newest_good
from operations.services.backups import engines, files, shelves
from operations.services.backups.comparing import compare
from operations.services.backups.copies import FAILURES, BackupError


def drill(actor: str) -> RestoreDrill:
    """Restore the newest good backup into a scratch database and look.

    RTO is how long that took, RPO how old the moment is that it goes back to. Raises
    BackupError when there is no backup; a drill that fails is a row that says why.
    """
    backup = newest_good()
    if backup is None:
        raise BackupError("there is no good backup to restore")
    started, clock = timezone.now(), time.monotonic()
    assertions = _assertions(backup)
    drilled = RestoreDrill(
        backup=backup,
        started_at=started,
        finished_at=timezone.now(),
        rto_seconds=_seconds(time.monotonic() - clock),
        rpo_seconds=_seconds((started - backup.started_at).total_seconds()),
        assertions=assertions,
        commit=build.running().commit if build.running().proves else "",
        environment=settings.RRR_ENV,
        ok=set(assertions.values()) == {"equal"},
    )
    _keep(drilled, backup, actor)
    return drilled


def _assertions(backup: Backup) -> dict[str, str]:
    """{what: "equal" or the difference}. What unpacks whole may still have lost an
    ending that nothing needs: its digest says so."""
    try:
        with shelves.fetched(backup.location) as path:
            same = files.digest(path) == backup.sha256
            with files.opened(path) as archive:
                engines.engine().check(archive.database)
                seen = compare(archive)
    except FAILURES as error:
        said = str(error) if isinstance(error, BackupError) else said_by(error)
        return {"backup": said[:500]}
    return {
        "digest": "equal" if same else "another than was read back",
        "marker": "; ".join(seen.changes[:3]) or "equal",
        "files": f"{len(seen.missing)} missing" if seen.missing else "equal",
    }


def _seconds(given: float) -> Decimal:
    return Decimal(f"{given:.3f}")


@transaction.atomic
def _keep(drilled: RestoreDrill, backup: Backup, actor: str) -> None:
    drilled.save()
    append(
        "operations.backup.drilled",
        actor=actor,
        object=f"backup:{backup.uid.hex}",
        data={
            "ok": "true" if drilled.ok else "false",
            "rto_seconds": str(drilled.rto_seconds),
            "rpo_seconds": str(drilled.rpo_seconds),
            **{f"assertion.{name}": text for name, text in drilled.assertions.items()},
        },
    )
