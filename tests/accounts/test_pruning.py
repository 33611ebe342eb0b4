"""Old sessions, tokens and answers are forgotten; living ones stay."""

from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.test import Client
from django.utils import timezone

from accounts.models import IdempotentAnswer, Refresh, Session, WebSession
from accounts.services import probe, tokens
from accounts.services.pruning import prune
from kernel.registry import JOBS

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(person):
    return person("ada", "Developer")


def test_what_lives_stays(ada, client_of):
    client = client_of(ada)
    pair = tokens.issue(ada)
    held = probe.token()
    assert set(prune(timezone.now()).values()) == {0}
    assert client.get("/").status_code == 200
    assert tokens.session_of_access(pair.access).user == ada
    assert tokens.session_of_access(held).user.username == "probe"


def test_after_months_nothing_of_a_person_is_left(ada, client_of):
    client_of(ada)
    tokens.issue(ada)
    later = timezone.now() + timedelta(days=60)
    prune(later)
    assert not WebSession.objects.exists()
    assert not Refresh.objects.exists()
    assert not Session.objects.exists()


def test_the_probes_session_stays(ada):
    probe.token()
    prune(timezone.now() + timedelta(days=60))
    assert Session.objects.get().user.username == "probe"


def test_a_session_that_ended_is_kept_for_a_month(ada):
    tokens.revoke(tokens.issue(ada).refresh)
    prune(timezone.now() + timedelta(days=29))
    assert Session.objects.filter(user=ada).exists()
    prune(timezone.now() + timedelta(days=31))
    assert not Session.objects.filter(user=ada).exists()


def test_kept_answers_go_after_a_day(ada):
    at = timezone.now()
    for hours in (23, 25):
        IdempotentAnswer.objects.create(
            principal="p:1",
            method="POST",
            path="/x",
            key=str(hours),
            digest="d",
            claim="c",
            created_at=at - timedelta(hours=hours),
        )
    assert prune(at)["answers"] == 1


def test_failures_go_when_they_lock_nobody_any_more(ada):
    Client().post("/accounts/login/", {"username": "ada", "password": "wrong"})
    assert prune(timezone.now())["failures"] == 0
    assert prune(timezone.now() + timedelta(minutes=16))["failures"] == 1
    assert not AccessAttempt.objects.exists()


def test_it_runs_every_day():
    job = JOBS["accounts.prune"]
    assert job.schedule.startswith("daily")
    assert "sessions" in job.function({})
