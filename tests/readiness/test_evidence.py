"""Evidence: what probes saw becomes records that prove or refute lines."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from audit.models import AuditEvent
from kernel import blobs, registry
from kernel.build import Build
from kernel.registry import Measurement, Probe, Weight
from operations.models import JobRun, ProbeResult
from operations.queries.measurements import params_digest
from readiness.models import Evidence, Review, ReviewItem, Standing
from readiness.queries.board import board
from readiness.services.evidence.collecting import collect
from readiness.services.evidence.filing import NewEvidence, file_evidence
from tests.readiness.conftest import COMMIT, became

Person = Callable[..., User]
ClientOf = Callable[[User], Client]
MakeReview = Callable[..., Review]
NAMES = ("cors", "ratelimit", "latency")


@pytest.fixture(autouse=True)
def probes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three probes exist; ratelimit.minute and ratelimit.burst do not."""
    known = {
        name: Probe(name, lambda params: Measurement("0", "seen"), title=name)
        for name in NAMES
    }
    monkeypatch.setattr(registry, "PROBES", known)
    for module in (
        "readiness.services.evidence.collecting",
        "readiness.queries.due",
        "readiness.queries.reach",
        "operations.services.probing",
        "operations.services.catalogue",
    ):
        monkeypatch.setattr(f"{module}.PROBES", known, raising=False)


@pytest.fixture
def build(monkeypatch: pytest.MonkeyPatch) -> Callable[[Build], None]:
    def runs(found: Build) -> None:
        monkeypatch.setattr("kernel.build.running", lambda: found)

    runs(Build(COMMIT, clean=True))
    return runs


@pytest.fixture
def grace(person: Person) -> User:
    return person("grace", "Security Engineer")


@pytest.fixture
def review(make_review: MakeReview, ada: User, build: object) -> Review:
    return make_review(ada)


def saw(name: str, value: str | None, age: int = 0, **over: object) -> ProbeResult:
    at = timezone.now() - timedelta(seconds=age)
    values: dict[str, object] = {
        "name": name,
        "params": {},
        "params_digest": params_digest({}),
        "definition": "d" * 64,
        "about": "running",
        "commit": COMMIT,
        "tree_clean": True,
        "environment": "development",
        "host": "here",
        "value": value,
        "detail": f"{name} saw {value}",
        "started_at": at,
        "observed_at": at,
        **over,
    }
    return ProbeResult.objects.create(**values)


def states(review: Review, later: int = 0) -> dict[str, str]:
    at = timezone.now() + timedelta(seconds=later)
    return {row.key: row.state for row in board(review, at).rows}


def judged(review: Review) -> list[dict[str, str]]:
    events = AuditEvent.objects.filter(kind="readiness.evidence.judged").order_by("seq")
    return [json.loads(bytes(event.body))["data"] for event in events]


def test_a_pass_turns_the_line_proven_for_the_reviews_commit(review: Review) -> None:
    saw("cors", "0")
    collect(timezone.now())
    assert states(review)["SEC-01"] == "proven"
    row = board(review, timezone.now()).by_key["SEC-01"]
    assert row.evidence is not None
    assert row.evidence.commit == COMMIT


def test_faults_turn_it_failed_and_say_what_was_seen(review: Review) -> None:
    saw("cors", "2")
    collect(timezone.now())
    row = board(review, timezone.now()).by_key["SEC-01"]
    assert (row.state, row.derived.reason) == ("failed", "cors saw 2")


def test_only_a_later_pass_clears_a_fail(review: Review) -> None:
    saw("cors", "2", age=60)
    collect(timezone.now())
    assert states(review, later=10**7)["SEC-01"] == "failed"
    saw("cors", "0")
    collect(timezone.now())
    assert states(review)["SEC-01"] == "proven"


def test_a_pass_goes_out_of_date(review: Review) -> None:
    saw("cors", "0")
    collect(timezone.now())
    assert states(review, later=86_401)["SEC-01"] == "stale"


def test_a_missing_probe_says_so_once(review: Review) -> None:
    for _ in range(3):
        collect(timezone.now())
    rows = Evidence.objects.filter(probe="ratelimit.minute")
    assert [row.reason for row in rows] == ["probe ratelimit.minute is not available"]
    assert states(review)["SEC-02.1"] == "unclaimed"
    assert judged(review) == [], "that nothing could be measured is no event"


def test_a_changed_tree_proves_nothing_and_says_so(
    review: Review, build: Callable[[Build], None]
) -> None:
    build(Build(COMMIT, clean=False))
    saw("cors", "0")
    collect(timezone.now())
    row = board(review, timezone.now()).by_key["SEC-01"]
    assert row.state == "unclaimed"
    assert "the tree differs from its commit" in row.derived.reason


def test_a_result_of_another_commit_is_not_read(review: Review) -> None:
    saw("cors", "0", commit="cd" * 20)
    collect(timezone.now())
    assert states(review)["SEC-01"] == "unclaimed"


def test_a_running_products_result_counts_only_in_its_environment(
    make_review: MakeReview, ada: User, review: Review
) -> None:
    there = make_review(ada, environment="production")
    saw("cors", "0")
    collect(timezone.now())
    assert states(review)["SEC-01"] == "proven"
    assert states(there)["SEC-01"] == "unclaimed"


def test_a_result_about_files_counts_in_every_environment(
    make_review: MakeReview,
    ada: User,
    review: Review,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    files = Probe("cors", lambda params: Measurement("0", ""), title="", about="files")
    monkeypatch.setitem(registry.PROBES, "cors", files)
    there = make_review(ada, environment="production")
    saw("cors", "0", about="files")
    collect(timezone.now())
    assert states(there)["SEC-01"] == "proven"


def test_what_is_due_is_asked_for_once(review: Review) -> None:
    collect(timezone.now())
    collect(timezone.now())
    names = JobRun.objects.values_list("job__name", flat=True)
    assert sorted(names) == ["probe:cors", "probe:latency", "probe:ratelimit"]


def test_a_probe_that_is_measuring_is_not_asked_again(review: Review) -> None:
    """A long one would be run twice, and its second answer count."""
    collect(timezone.now())
    JobRun.objects.filter(job__name="probe:cors").update(state="running")
    collect(timezone.now())
    assert JobRun.objects.filter(job__name="probe:cors").count() == 1
    JobRun.objects.filter(job__name="probe:cors").update(state="failed")
    collect(timezone.now())
    assert JobRun.objects.filter(job__name="probe:cors").count() == 2


def test_fresh_evidence_is_not_asked_for_again(review: Review) -> None:
    for name in NAMES:
        saw(name, "0")
    collect(timezone.now())
    assert not JobRun.objects.exists()


def test_heavy_probes_never_start_by_themselves(
    review: Review, monkeypatch: pytest.MonkeyPatch
) -> None:
    heavy = Probe(
        "cors", lambda params: Measurement("0", ""), title="", weight=Weight.HEAVY
    )
    monkeypatch.setitem(registry.PROBES, "cors", heavy)
    collect(timezone.now())
    assert "probe:cors" not in JobRun.objects.values_list("job__name", flat=True)


def test_the_log_hears_of_changed_verdicts_only(review: Review) -> None:
    for age, value in ((90_000, "0"), (45_000, "0"), (60, "3")):
        saw("cors", value, age=age)
        collect(timezone.now() - timedelta(seconds=age))
    changes = [
        (one["was"], one["verdict"]) for one in judged(review) if one["key"] == "SEC-01"
    ]
    assert changes == [("none", "pass"), ("pass", "fail")]
    assert Evidence.objects.filter(probe="cors").count() == 3


def test_a_verdict_is_not_recorded_again_while_it_is_fresh(review: Review) -> None:
    for age in (30, 20, 10):
        saw("cors", "0", age=age)
        collect(timezone.now())
    assert Evidence.objects.filter(probe="cors").count() == 1


def test_the_same_fail_is_recorded_again_only_when_it_grows_old(
    review: Review,
) -> None:
    """It is measured every five minutes; another reason is told at once."""
    for age, value in ((50_000, "2"), (49_000, "2"), (48_000, "3"), (47_000, "3")):
        saw("cors", value, age=age)
        collect(timezone.now() - timedelta(seconds=age))
    records = Evidence.objects.filter(probe="cors").order_by("pk")
    assert [record.value for record in records] == ["2", "3"]
    saw("cors", "3")
    collect(timezone.now())
    assert records.all().count() == 3


def test_ended_reviews_are_left_alone(review: Review) -> None:
    became(review, "closed")
    saw("cors", "0")
    collect(timezone.now())
    assert not Standing.objects.exists()


def test_an_error_after_a_pass_keeps_the_verdict_that_counts(review: Review) -> None:
    saw("cors", "0", age=60)
    collect(timezone.now())
    saw("cors", None, error="timed out")
    collect(timezone.now())
    standing = Standing.objects.get(check_of__probe="cors")
    assert standing.conclusive is not None
    assert (standing.latest.verdict, standing.conclusive.verdict) == ("error", "pass")
    assert states(review)["SEC-01"] == "stale"


# --- persons --------------------------------------------------------------------


def files(client: Client, review: Review, key: str, **fields: object):
    row = board(review, timezone.now()).by_key[key]
    return client.post(
        f"/readiness/reviews/{review.uuid}/items/{row.id}/evidence/",
        {"summary": "what I saw", **fields},
    )


def confirms(client: Client, record: Evidence):
    return client.post(
        f"/readiness/reviews/{record.review_item.review.uuid}/items/"
        f"{record.review_item_id}/evidence/{record.pk}/confirm/"
    )


def test_filed_evidence_counts_once_another_person_confirms(
    review: Review, ada: User, grace: User, client_of: ClientOf
) -> None:
    files(client_of(ada), review, "PRF-02", text="done on Monday")
    record = Evidence.objects.get(filed_by=ada)
    assert states(review)["PRF-02"] == "unclaimed"
    confirms(client_of(grace), record)
    assert states(review)["PRF-02"] == "proven"


def test_no_service_account_is_the_second_person(
    review: Review, ada: User, person: Person, client_of: ClientOf
) -> None:
    files(client_of(ada), review, "PRF-02", text="done on Monday")
    robot = person("robot", "Developer")
    robot.is_service = True
    robot.save()
    confirms(client_of(robot), Evidence.objects.get(filed_by=ada))
    assert states(review)["PRF-02"] == "unclaimed"


def test_nobody_confirms_their_own(
    review: Review, ada: User, client_of: ClientOf
) -> None:
    files(client_of(ada), review, "PRF-02", text="done on Monday")
    confirms(client_of(ada), Evidence.objects.get(filed_by=ada))
    assert states(review)["PRF-02"] == "unclaimed"


@pytest.mark.parametrize(
    "fields", [{}, {"text": "a", "link": "https://example.test"}, {"link": "ftp://x"}]
)
def test_exactly_one_of_text_link_and_file(
    review: Review, ada: User, client_of: ClientOf, fields: dict[str, str]
) -> None:
    assert files(client_of(ada), review, "PRF-02", **fields).status_code == 422
    assert not Evidence.objects.exists()


def test_a_link_that_holds_a_password_is_refused(
    review: Review, ada: User, client_of: ClientOf
) -> None:
    client = client_of(ada)
    for link in ("https://ada:secret@example.test/", "https://example.test@x.test"):
        assert files(client, review, "PRF-02", link=link).status_code == 422
    assert not Evidence.objects.exists()
    fine = "https://example.test/?by=ada@example.test"
    files(client, review, "PRF-02", link=fine)
    assert Evidence.objects.get().kind == "link"


def test_a_file_comes_back_as_a_download_that_cannot_act(
    review: Review, ada: User, client_of: ClientOf
) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    page = SimpleUploadedFile("x.txt", b"a <script>alert(1)</script>", "text/plain")
    files(client_of(ada), review, "PRF-02", file=page)
    record = Evidence.objects.get(filed_by=ada)
    answer = client_of(ada).get(
        f"/readiness/reviews/{review.uuid}/items/{record.review_item_id}"
        f"/evidence/{record.pk}/file/"
    )
    assert b"".join(answer.streaming_content) == b"a <script>alert(1)</script>"  # type: ignore[attr-defined]
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ('shot";filename=evil.html;x=".txt', 'shot";filename=evil.html;x=".txt'),
        ("Bericht über 東京.txt", "Bericht über 東京.txt"),
        ("../../up.txt", "up.txt"),
        ("/etc/up.txt", "up.txt"),
    ],
)
def test_a_name_of_a_file_is_one_parameter_of_a_header_and_no_path(
    review: Review,
    ada: User,
    client_of: ClientOf,
    tmp_path: Path,
    settings: Any,
    name: str,
    kept: str,
) -> None:
    settings.STATE_DIR = tmp_path
    line = board(review, timezone.now()).by_key["PRF-02"]
    item = ReviewItem.objects.get(pk=line.id)
    new = NewEvidence(kind="file", summary="a file", content=b"seen", name=name)
    record = file_evidence(item, new, ada)
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert written == [blobs.blob_path(hashlib.sha256(b"seen").hexdigest())]
    answer = client_of(ada).get(
        f"/readiness/reviews/{review.uuid}/items/{item.pk}/evidence/{record.pk}/file/"
    )
    message = Message()
    message["Content-Disposition"] = answer["Content-Disposition"]
    assert (message.get_content_disposition(), message.get_filename()) == (
        "attachment",
        kept,
    )
