"""Is the log whole? An event of ours is found, proven included, and all is walked."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accounts.models import Session
from accounts.services import probe as account
from accounts.services.sessions import end, open_session
from audit import queries
from kernel.display import plural
from kernel.registry import Measurement, Params, probe

ENDED = "accounts.session.ended"
REASON = "a probe of the log"
MADE_EVERY = timedelta(hours=1)
LOOKED_AT = 50  # newest events about the account


@probe(
    "audit_log",
    title="Audit log whole, an event proven included",
    freshness=timedelta(hours=2),
    every=timedelta(minutes=10),
)
def audit_log(params: Params) -> Measurement:
    """Counts faults. Once an hour a session of account `probe` is ended as any other
    is; that event must be there, tell it, and lie in the tree."""
    began = timezone.now()
    event = _newest(began - MADE_EVERY)
    if event is None:
        _end_a_session()
        event = _newest(began - MADE_EVERY)
    verified = queries.check()
    problems = list(verified.problems)
    if verified.unsure and not problems:
        return Measurement.uncollected(f"cannot tell: {verified.unsure[0]}")
    if event is None:
        problems.append("the end of a session was not logged")
    elif not queries.included(event):
        problems.append(f"event {event} is not included in the tree")
    return Measurement.of_faults(
        problems,
        f"{plural(verified.size, 'event')}, chain and root hold; event {event} was found and "
        "proven included",
        facts={"size": str(verified.size), "root": verified.root},
    )


def _newest(since: datetime) -> int | None:
    """The number of the newest event since then that tells of such a session's end."""
    about = f"person:{account.account().pk}"
    for row in queries.about([about], LOOKED_AT):
        if row.kind == ENDED and row.at >= since and REASON in row.text:
            return int(row.seq)
    return None


def _end_a_session() -> None:
    user = account.account()
    with transaction.atomic():
        end(open_session(user, Session.Kind.API), reason=REASON, by=user.actor)
