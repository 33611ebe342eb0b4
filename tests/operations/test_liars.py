"""What can be wrong while everything else looks right is seen where people look."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from kernel.registry import PROBES
from operations.channels import email
from operations.jobs.backup import backup
from operations.models import Alert, Backup, Job, JobRun, Notice
from operations.queries import health
from operations.services import probing
from operations.services.backups import taking
from tests.faults.mailing import MailServer
from tests.operations.well import firing, look
from tests.served import free_port

pytestmark = pytest.mark.django_db
SMTP = "django.core.mail.backends.smtp.EmailBackend"


@pytest.fixture
def mail_server(settings: Any) -> Callable[[int], None]:
    """mail_server(port): mail goes there."""

    def use(port: int) -> None:
        settings.EMAIL_URL = f"smtp://127.0.0.1:{port}"
        settings.EMAIL_BACKEND = SMTP
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port

    return use


@pytest.fixture
def mails() -> Iterator[MailServer]:
    with MailServer() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_a_mail_server_that_is_away_is_told_of_before_there_is_anything_to_tell(
    operator: object,
    silent_bell: None,
    well: None,
    now: datetime,
    mail_server: Callable[[int], None],
) -> None:
    mail_server(free_port())
    assert probing.run("mail", {}).facts == {"refused": "1"}
    look(now, 70)
    assert firing() == {("undelivered", "mail server")}
    said = Alert.objects.get(rule="undelivered").timeline.get(kind="firing").text
    assert "refused" in said.lower()


def test_one_that_lets_us_in_is_no_fault_and_gets_no_mail(
    mail_server: Callable[[int], None], mails: MailServer
) -> None:
    mail_server(mails.server_address[1])
    assert email.server_refusal() == ""
    assert PROBES["mail"].function({}).value == "0"
    assert mails.mails == []


def test_a_production_without_one_says_so(settings: Any) -> None:
    settings.MAIL_ARRIVES, settings.EMAIL_URL = False, ""
    assert "EMAIL_URL is not set" in email.server_refusal()


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Path:
    settings.BACKUP_URL = str(tmp_path / "kept")
    (tmp_path / "kept").mkdir()
    return tmp_path / "kept"


@pytest.mark.django_db(transaction=True)
def test_a_folder_of_backups_that_was_swapped_is_noticed_by_the_next_look(
    folder: Path, silent_bell: None
) -> None:
    first = taking.take("j:backup")
    assert first.status in {"ok", "verified"}, first.error
    assert "not due" in backup({})
    folder.rename(folder.with_name("elsewhere"))
    folder.mkdir()
    with pytest.raises(RuntimeError, match=r"is gone: .* was taken instead"):
        backup({})
    assert Backup.objects.filter(status__in=("ok", "verified")).count() == 2
    assert "not due" in backup({}), "once is enough"


@pytest.mark.django_db(transaction=True)
def test_a_file_that_was_cut_is_noticed_too(folder: Path, silent_bell: None) -> None:
    made = taking.take("j:backup")
    Path(made.location).write_bytes(b"cut")
    with pytest.raises(RuntimeError, match="is not what was read back"):
        backup({})


def test_a_job_that_was_paused_and_forgotten_is_seen(desk: Client) -> None:
    Job.objects.update_or_create(
        name="prune", defaults={"kind": "job", "paused_at": timezone.now()}
    )
    assert health.jobs().detail == "paused: Cleaning up runs and results"
    assert (
        "paused: Cleaning up runs and results"
        in desk.get("/operations/").content.decode()
    )
    Job.objects.update(paused_at=None, consecutive_failures=2)
    assert health.jobs().detail == "failing: Cleaning up runs and results"
    Job.objects.update(consecutive_failures=0)
    assert health.jobs().status == "pass"


def test_words_that_did_not_arrive_are_seen(desk: Client) -> None:
    assert health.paging(timezone.now()).status == "pass"
    Notice.objects.create(
        kind="alert",
        about="alert:1",
        recipient="olga",
        address="olga@example.test",
        channel="email",
        level="firing",
        dedup_key="1",
        state="queued",
        last_error="no route to host",
        created_at=timezone.now() - timedelta(minutes=1),
    )
    assert (
        health.paging(timezone.now()).detail
        == "not told by mail: olga (no route to host)"
    )
    assert "no route to host" in desk.get("/operations/").content.decode()


def test_a_desk_that_nobody_can_be_told_of_is_seen(db: None) -> None:
    assert (
        health.paging(timezone.now()).detail == "no active Operator has a mail address"
    )


def test_a_message_that_nobody_tries_is_seen(desk: Client) -> None:
    """It was not tried in vain, so no rule would ever say so."""
    at = timezone.now()
    notice = Notice.objects.create(
        kind="letter",
        about="person:1",
        recipient="ada",
        address="ada@example.test",
        channel="email",
        level="letter",
        dedup_key="1",
        created_at=at - timedelta(minutes=4),
    )
    assert health.paging(at).status == "pass"
    at += timedelta(minutes=8)
    assert health.paging(at).detail == "a message waits 12 min, and nobody tried it"
    notice.state = Notice.State.SENT
    notice.save()
    assert health.paging(at).status == "pass"


def test_a_job_that_is_tried_again_still_fails(desk: Client) -> None:
    job, _ = Job.objects.update_or_create(
        name="prune", defaults={"kind": "job", "consecutive_failures": 3}
    )
    JobRun.objects.create(job=job, due_at=timezone.now(), state="running")
    page = desk.get("/operations/").content.decode()
    assert "Cleaning up runs and results: failed 3 times in a row" in page
