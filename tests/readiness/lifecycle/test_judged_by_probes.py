"""After a deployment probes say of a follow-up's lines what they saw over its window."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from accounts.models import User
from audit.models import AuditEvent
from kernel.build import Build
from kernel.registry import JOBS
from operations.models import JobRun, ProbeResult
from operations.queries.measurements import params_digest
from readiness.domain.parsing.document import Proposal
from readiness.models import Evidence, Review
from readiness.queries.board import BoardRow, board
from readiness.queries.reviews import find_review
from readiness.services.evidence.following import follow
from readiness.services.importing import Importing, import_template
from readiness.services.lifecycle import deploy
from readiness.services.publishing import publish
from readiness.services.reviews import NewReview, open_review
from tests.readiness.approving import approve
from tests.readiness.conftest import COMMIT, became
from tests.readiness.lifecycle.acts import follow_ups, pass_time, post, state

pytestmark = pytest.mark.django_db
DOCUMENT = b"""\
# Desk

## Security checks

- [ ] Keys are rotated

## Post-deployment monitoring

### First 24 Hours

- [ ] Error rate (target: <1%)
- [ ] Alerts looked through

### First Week

- [ ] No incidents
"""
KEYS = {"rate": "Error rate", "alerts": "Alerts looked", "incidents": "No incidents"}


@pytest.fixture
def deployed(people: dict[str, User], monkeypatch: pytest.MonkeyPatch) -> Review:
    monkeypatch.setattr("kernel.build.running", lambda: Build(COMMIT, clean=True))
    draft = import_template(DOCUMENT, Importing("Desk", checks={}), None)
    rate, _, incidents = draft.items.filter(section__kind="monitoring")
    proposals = {
        rate.key: [Proposal("window", {"metric": "error_rate"}, "< 1")],
        incidents.key: [Proposal("incidents", {}, "== 0")],
    }
    how = Importing("Second", checks=proposals)
    version = publish(import_template(DOCUMENT, how, None), None)
    new = NewReview(version, "1.0", COMMIT, settings.RRR_ENV)
    review = open_review(new, people["dev"])
    approve(review, people)
    deploy(review, people["dorian"])
    return review


def line(review: Review, name: str) -> BoardRow:
    shown = board(find_review(review.uuid), timezone.now())
    (row,) = (row for row in shown.rows if row.shape.title.startswith(KEYS[name]))
    return row


def asked() -> list[dict[str, str]]:
    return [dict(run.params) for run in JobRun.objects.filter(job__name="probe:window")]


def saw(value: str | None, error: str = "", name: str = "window") -> None:
    """What the probe answers to what it was asked last."""
    run = JobRun.objects.filter(job__name=f"probe:{name}").order_by("-pk")[0]
    now = timezone.now()
    ProbeResult.objects.create(
        name=name, params=run.params, params_digest=params_digest(run.params),
        definition="d" * 64, about="running", commit=COMMIT, tree_clean=True,
        environment=settings.RRR_ENV, host="here", value=value, unit="%",
        detail="of 900 requests", error=error, started_at=now, observed_at=now,
    )  # fmt: skip


def test_nobody_is_asked_before_the_window_is_over(deployed: Review) -> None:
    pass_time(days=0.9)
    assert follow(timezone.now()) == 0
    assert asked() == []
    assert line(deployed, "rate").state == "open"


def test_a_probe_is_asked_over_exactly_the_window_and_its_pass_is_done(
    deployed: Review,
) -> None:
    end = find_review(deployed.uuid).ended_at
    pass_time(days=1.2)
    JOBS["readiness.lifecycle"].function({})
    (params,) = asked()
    assert (params["metric"], params["hours"]) == ("error_rate", "24")
    until = datetime.fromisoformat(params["until"])
    assert end is not None
    assert abs(until - end - timedelta(hours=24)) < timedelta(seconds=1)

    saw("0.4")
    assert follow(timezone.now()) == 1
    row = line(deployed, "rate")
    assert row.state == "done"
    assert "0.4 %, as required (< 1)" in row.derived.reason
    assert row.differs == []
    assert line(deployed, "alerts").state == "open", "a person says that"
    assert follow(timezone.now()) == 0, "it is judged once"
    record = Evidence.objects.get(probe="window")
    assert (record.verdict, record.params["hours"]) == ("pass", "24")


def test_a_fail_is_not_done_whatever_a_person_answers(
    deployed: Review, client: Callable[[str], Client]
) -> None:
    pass_time(days=1.2)
    follow(timezone.now())
    saw("3.1")
    follow(timezone.now())
    assert line(deployed, "rate").state == "open"
    assert "not as required" in line(deployed, "rate").derived.reason
    row = follow_ups(deployed)[0]
    answer = post(client("dev"), f"follow-ups/{row.pk}/done", {"note": "known"})
    assert answer.status_code == 200
    assert line(deployed, "alerts").state == "done"
    assert line(deployed, "rate").state == "open"
    pass_time(days=2)
    assert line(deployed, "rate").state == "overdue"
    page = client("vera").get(f"/readiness/reviews/{deployed.uuid}/lifecycle/")
    assert "3.1 %, not as required" in page.content.decode()


def test_what_no_probe_could_tell_a_person_does(
    deployed: Review, client: Callable[[str], Client]
) -> None:
    pass_time(days=1.2)
    follow(timezone.now())
    saw(None, error="41 % of 24 h are known, 95 % are needed")
    follow(timezone.now())
    assert Evidence.objects.get(probe="window").verdict == "error"
    assert not AuditEvent.objects.filter(kind="readiness.follow_up.judged").exists()
    before = len(asked())
    follow(timezone.now())
    assert len(asked()) == before, "not every minute again"
    row = follow_ups(deployed)[0]
    post(client("dev"), f"follow-ups/{row.pk}/done", {"note": "looked at the proxy"})
    assert line(deployed, "rate").state == "done"


def test_each_window_is_asked_for_its_own_length(deployed: Review) -> None:
    pass_time(days=7.5)
    follow(timezone.now())
    (run,) = JobRun.objects.filter(job__name="probe:incidents")
    assert run.params["days"] == "7"
    saw("2", name="incidents")
    follow(timezone.now())
    assert line(deployed, "incidents").state == "open"
    assert "2 %, not as required" in line(deployed, "incidents").derived.reason


def test_another_commit_that_runs_by_then_tells_nothing(
    deployed: Review, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kernel.build.running", lambda: Build("cd" * 20, clean=True))
    pass_time(days=1.2)
    follow(timezone.now())
    assert asked() == []


def test_a_verdict_of_which_no_event_tells_is_none(deployed: Review) -> None:
    pass_time(days=1.2)
    follow(timezone.now())
    saw("3.1")
    follow(timezone.now())
    Evidence.objects.filter(probe="window").update(verdict="pass")
    row = line(deployed, "rate")
    assert row.state == "open"
    assert "the database says pass, the log fail" in "; ".join(row.differs)


def test_an_invalidated_review_is_followed_up_no_more(deployed: Review) -> None:
    pass_time(days=1.2)
    follow(timezone.now())
    saw("0.4")
    assert state(deployed) == "deployed"
    became(deployed, "invalidated")
    assert follow(timezone.now()) == 0
