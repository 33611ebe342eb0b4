"""Attesting a report: who may, what becomes of it, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User
from accounts.services import service_tokens
from accounts.services.service_accounts import NewServiceAccount, add_service_account
from accounts.services.service_tokens import NewToken
from audit.models import AuditEvent
from kernel.build import Build
from operations.models import JobRun
from operations.services import reports
from readiness.models import Check, Evidence, Review, ReviewItem
from tests.domain.test_xml_reports import BOMB, COMMIT, case, coverage, junit, source
from tests.readiness.conftest import COMMIT as REVIEWED
from tests.readiness.conftest import became, make_version

Person = Callable[..., User]
PATH = "/api/readiness/attestations"
REPORT = junit(case("good"), case("better", of="tests.trades.test_books"))


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Any) -> None:
    settings.STATE_DIR = tmp_path
    monkeypatch.setattr("kernel.build.running", lambda: Build(REVIEWED, clean=True))


@pytest.fixture
def review(review: Review) -> Review:
    """Its lines ask for the security suite and for coverage."""
    named = {"SEC-01": "junit", "PRF-01": "coverage"}
    for key, probe in named.items():
        Check.objects.filter(item__key=key).update(
            probe=probe, params={"suite": "security"} if probe == "junit" else {}
        )
    return review


@pytest.fixture
def robot(person: Person) -> str:
    """A token of a service account that may attest."""
    admin = person("root", "Administrator")
    account = add_service_account(
        NewServiceAccount(username="ci", roles=(), attests=True), by=admin
    )
    new = NewToken(name="ci", scopes=["evidence:attest"], days=1)
    return service_tokens.make(new, account, by=admin)[1]


def send(
    who: str | User, content: bytes = REPORT, name: str = "junit.xml", **fields: str
) -> Any:
    client = Client()
    headers = {}
    if isinstance(who, str):
        headers = {"Authorization": f"Bearer {who}"}
    else:
        client.force_login(who, backend="accounts.authentication.PeopleBackend")
    body = {"kind": "junit", "commit": REVIEWED, **fields}
    file = SimpleUploadedFile(name, content)
    return client.post(PATH, {**body, "file": file}, headers=headers)


def test_a_service_accounts_report_goes_to_the_probes_of_its_suites(
    review: Review, robot: str
) -> None:
    answer = send(robot)
    assert answer.status_code == 201, answer.content
    told = answer.json()
    assert told["suites"] == ["security", "unit"]
    assert told["id"] == told["sha256"]
    assert reports.read(REVIEWED, "junit-security.xml") == REPORT
    run = JobRun.objects.get(job__name="probe:junit")
    assert run.params == {"suite": "security"}
    assert not Evidence.objects.exists()


def test_what_only_another_checklist_asks_is_not_asked(
    review: Review, robot: str
) -> None:
    other = make_version(slug="another")
    asked = Check.objects.filter(item__section__version=other)
    asked.update(probe="smoke", params={})
    report = junit(case("good", of="tests.smoke.test_smoke"))
    assert send(robot, report).status_code == 201
    assert asked.exists()
    assert not JobRun.objects.filter(job__name="probe:smoke").exists()


def test_so_does_one_of_coverage(review: Review, robot: str) -> None:
    content = coverage(source("kernel/errors.py", 1))
    told = send(robot, content, kind="coverage").json()
    assert told["suites"] == []
    assert reports.read(REVIEWED, "coverage.xml") == content
    assert JobRun.objects.filter(job__name="probe:coverage").exists()


def test_a_persons_report_is_evidence_that_another_must_confirm(
    review: Review, ada: User
) -> None:
    assert send(ada).status_code == 201
    record = Evidence.objects.get()
    assert (record.kind, record.verdict) == ("attestation", "info")
    assert (record.filed_by, record.review_item.item.key) == (ada, "SEC-01")
    assert reports.read(REVIEWED, "junit-security.xml") is None
    assert not JobRun.objects.filter(job__name="probe:junit").exists()


def test_a_persons_own_token_makes_it_no_machines(review: Review, ada: User) -> None:
    new = NewToken(name="mine", scopes=["readiness:write"], days=1)
    token = service_tokens.make(new, ada, by=ada)[1]
    assert send(token).status_code == 201
    assert Evidence.objects.get().filed_by == ada
    assert reports.read(REVIEWED, "junit-security.xml") is None


def test_nobody_else_may(review: Review, person: Person) -> None:
    assert send(person("vera", "Viewer")).status_code == 403
    assert send("rrr_none_such").status_code == 401


def test_the_log_tells_who_attested_what(review: Review, robot: str) -> None:
    send(robot)
    event = AuditEvent.objects.get(kind="readiness.report.attested")
    body = json.loads(bytes(event.body))
    assert body["data"]["suites"] == ["security", "unit"]
    assert body["actor"] == User.objects.get(username="ci").actor


@pytest.mark.parametrize(
    ("fields", "content", "status", "said"),
    [
        ({"commit": "cd" * 20}, REPORT, 409, "No living review is about commit cdcd"),
        ({"commit": "main"}, REPORT, 422, "40 hexadecimal digits"),
        ({"kind": "sarif"}, REPORT, 422, "sarif"),
        ({}, BOMB, 422, "declares entities"),
        ({}, b"\x7fELF\x02\x01", 422, "is no XML"),
        ({"kind": "coverage"}, REPORT, 422, "no coverage"),
        (
            {},
            junit(case("a"), before=COMMIT("ef" * 20)),
            422,
            "about commit efefefefefef",
        ),
        ({}, b" " * 10_000_001, 413, "at most 10,000,000 bytes"),
        ({"suite": "unit"}, REPORT, 422, "is not a field"),
    ],
)
def test_what_cannot_count_is_refused_and_says_why(
    review: Review, robot: str, fields: Any, content: bytes, status: int, said: str
) -> None:
    answer = send(robot, content, **fields)
    assert answer.status_code == status
    assert said in answer.content.decode()
    assert not reports.folder_of(REVIEWED).exists()


def test_fifty_megabytes_are_not_even_read(review: Review, robot: str) -> None:
    answer = send(robot, b" " * 50_000_000)
    assert answer.status_code == 413


def test_a_review_that_has_ended_takes_none(review: Review, robot: str) -> None:
    became(review, "closed")
    assert send(robot).status_code == 409


def test_a_report_of_a_commit_that_does_not_run_here_waits_for_its_probes(
    review: Review, robot: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kernel.build.running", lambda: Build("cd" * 20, clean=True))
    assert send(robot).status_code == 201
    assert reports.read(REVIEWED, "junit-security.xml") == REPORT
    assert not JobRun.objects.filter(job__name="probe:junit").exists()


def test_the_same_request_again_attests_once(review: Review, ada: User) -> None:
    client = Client()
    client.force_login(ada, backend="accounts.authentication.PeopleBackend")
    for _ in range(2):
        body = {"kind": "junit", "commit": REVIEWED}
        file = SimpleUploadedFile("junit.xml", REPORT)
        key = {"Idempotency-Key": "once"}
        client.post(PATH, {**body, "file": file}, headers=key)
    assert Evidence.objects.count() == 1


def test_it_stands_beside_each_line_that_asks(review: Review, ada: User) -> None:
    Check.objects.filter(item__key="SEC-02.1").update(
        probe="junit", params={"suite": "unit"}
    )
    send(ada)
    keys = {record.review_item.item.key for record in Evidence.objects.all()}
    assert keys == {"SEC-01", "SEC-02.1"}
    assert ReviewItem.objects.filter(evidence__isnull=False).distinct().count() == 2
