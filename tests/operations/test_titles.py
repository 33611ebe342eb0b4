"""Jobs and probes go by their titles: a machine's name stands nowhere alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.html import strip_tags

from kernel.registry import JOBS, PROBES, job_title
from operations.domain.alerting import Reading
from operations.models import Alert, Job, JobRun, Notice, Rule
from operations.queries import health
from operations.services import catalogue
from operations.services.alerting import apply
from tests.html import flat

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("silent_bell")]
CODE = re.compile(r"<code[^>]*>.*?</code>", re.DOTALL)
SCRIPT = re.compile(r"<(script|style|template).*?</\1>", re.DOTALL)
BUTTON = re.compile(r"<button[^>]*>(.*?)</button>", re.DOTALL)
# Nobody takes a word of one piece for a machine's.
MACHINE = {name for name in {*JOBS, *PROBES} if re.search("[-_.]", name)}


def words(page: str) -> str:
    """What people read, without what stands as code beside a title."""
    return flat(strip_tags(CODE.sub(" ", SCRIPT.sub(" ", page))))


def at_every_third_something_fails(at: datetime) -> None:
    catalogue.sync()
    for number, job in enumerate(Job.objects.order_by("pk")):
        state = ("ok", "failed", "queued")[number % 3]
        JobRun.objects.create(job=job, due_at=at, state=state, finished_at=at)
        Job.objects.filter(pk=job.pk).update(
            consecutive_failures=int(state == "failed"),
            paused_at=at if number % 5 == 0 else None,
        )


@pytest.mark.parametrize("path", ["/operations/", "/operations/jobs/", "/alerts/"])
def test_no_page_calls_a_job_or_probe_by_a_machines_name(
    desk: Client, make_alert: Callable[..., Alert], path: str
) -> None:
    at_every_third_something_fails(timezone.now())
    make_alert(rule="job-failing", target="restore-drill", threshold=Decimal(0))
    text = words(desk.get(path).content.decode())
    named = {name for name in MACHINE if re.search(rf"(?<![\w-]){name}(?![\w-])", text)}
    assert named == set()
    assert "Restore drill" in text


def test_each_job_has_a_title_of_its_own() -> None:
    titles = [job.title for job in JOBS.values()]
    assert all(titles)
    assert len({*titles}) == len(titles)
    assert not any(re.search("[_.]", title) for title in titles)
    assert job_title("long-gone.work") == "long gone work"


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/operations/jobs/restore-drill/run/", "Restore drill is queued."),
        ("/operations/probes/db_pragmas/run/", f"{PROBES['db_pragmas'].title} is queued."),
    ],
)  # fmt: skip
def test_what_was_asked_for_is_confirmed_by_its_title(
    desk: Client, path: str, said: str
) -> None:
    page = desk.post(path, follow=True).content.decode()
    assert said in flat(strip_tags(page))


def test_each_button_names_what_it_runs(
    desk: Client, make_alert: Callable[..., Alert]
) -> None:
    at_every_third_something_fails(timezone.now())
    make_alert()
    for path in ("/operations/", "/operations/jobs/"):
        page = desk.get(path).content.decode().partition("<main")[2]
        main = page.partition("</main>")[0]
        buttons = [flat(strip_tags(each)).strip() for each in BUTTON.findall(main)]
        runs = [text for text in buttons if text.startswith(("Run", "Acknowledge"))]
        assert runs
        assert len({*runs}) == len(runs)
        assert all(re.search("(: |Acknowledge )[A-Z]", text) for text in runs), runs


def test_health_names_jobs_by_their_titles() -> None:
    catalogue.sync()
    Job.objects.filter(name="restore-drill").update(consecutive_failures=1)
    Job.objects.filter(name="backup-check").update(paused_at=timezone.now())
    detail = health.jobs().detail
    assert detail == "paused: Second look at backups; failing: Restore drill"


def test_the_mail_about_a_job_names_it(operator: object, now: datetime) -> None:
    rule = Rule.objects.get(name="job-failing")
    Rule.objects.update(for_seconds=0)
    rule.for_seconds = 0
    reading = Reading("job-failing", "restore-drill", Decimal(1), breached=True)
    apply(reading, rule, now)
    notice = Notice.objects.get()
    assert "A job fails firing on Restore drill" in notice.subject
    assert "restore-drill" not in notice.body.partition("/alerts/")[0]
    alert = Alert.objects.get()
    assert alert.headline == "A job fails: Restore drill"
