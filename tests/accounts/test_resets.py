"""Ada forgot her password: a link by mail, good for an hour and for one use."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.models import PasswordReset, User
from accounts.services import (
    resets,
    service_accounts,
    service_tokens,
    sessions,
    tokens,
)
from accounts.services.pruning import prune
from audit.models import AuditEvent
from kernel.errors import NotFound
from kernel.logs import redact
from operations.models import Notice
from operations.models.notices import FORGOTTEN
from operations.services.delivery import deliver
from tests.conftest import PASSWORD
from tests.html import words_of

pytestmark = pytest.mark.django_db
PAGE = "/accounts/password/reset/"
NEW = "a long enough secret 7"


@pytest.fixture
def ada(person):
    return person("ada", "Developer")


def ask(email: str = "ada@example.test") -> Any:
    return Client().post(PAGE, {"email": email})


def link() -> str:
    """The path in the newest mail."""
    body = Notice.objects.order_by("-pk")[0].body
    found = re.search(rf"{PAGE}[\w-]+/", body)
    assert found, body
    return found[0]


def choose(path: str, new: str = NEW) -> Any:
    return Client().post(path, {"new": new, "again": new})


def logs_in(password: str) -> bool:
    form = {"username": "ada", "password": password}
    return Client().post("/accounts/login/", form).status_code == 302


def kinds() -> list[str]:
    events = AuditEvent.objects.filter(kind__startswith="accounts.password.")
    return list(events.order_by("seq").values_list("kind", flat=True))


def test_the_link_sets_another_password_once(ada):
    assert "on its way" in words_of(ask())
    path = link()
    assert "ada" in Client().get(path).content.decode()
    done = choose(path)
    assert (done.status_code, done["Location"]) == (302, "/accounts/login/")
    assert (logs_in(NEW), logs_in(PASSWORD)) == (True, False)
    for again in (Client().get(path), choose(path, NEW + "8")):
        assert again.status_code == 410
        assert "This link has ended" in words_of(again)
    assert logs_in(NEW)
    assert kinds() == ["accounts.password.reset-asked", "accounts.password.reset"]


def test_every_session_and_service_token_of_hers_ends(ada, person, client_of):
    browser, pair = client_of(ada), tokens.issue(ada)
    new = service_tokens.NewToken(name="bot", scopes=["readiness:read"], days=9)
    bot = service_tokens.make(new, ada, by=ada)[1]
    root = person("root", "Administrator")
    ci = service_accounts.NewServiceAccount(username="ci", roles=["Viewer"])
    service = service_accounts.add_service_account(ci, by=root)
    theirs = service_tokens.make(new, service, by=root)[1]
    ask()
    assert "service tokens" in Notice.objects.get().body
    path = link()
    assert "service tokens" in words_of(Client().get(path))
    browser_of_hers = Client()
    done = browser_of_hers.post(path, {"new": NEW, "again": NEW}, follow=True)
    assert "Service tokens of yours that have ended: 1." in words_of(done)
    assert browser.get("/").status_code == 302
    for text, status in ((pair.access, 401), (bot, 401), (theirs, 200)):
        bearer = {"Authorization": f"Bearer {text}"}
        assert Client().get("/api/me", headers=bearer).status_code == status
    event = AuditEvent.objects.get(kind="accounts.password.reset")
    assert json.loads(bytes(event.body))["data"] == {
        "sessions_ended": "2",
        "tokens_ended": "1",
    }
    assert event.actor == ada.actor


def test_the_link_leads_to_us_whatever_host_was_asked(ada, settings):
    """Else a stranger would choose where her browser shows the token."""
    settings.PUBLIC_ORIGIN, settings.ALLOWED_HOSTS = "", ["127.0.0.1", ".example.test"]
    Client().post(PAGE, {"email": ada.email}, headers={"Host": "evil.example.test"})
    [notice] = Notice.objects.all()
    assert "evil" not in notice.body
    assert f"http://127.0.0.1:{settings.PORT}{PAGE}" in notice.body


def test_the_mail_is_sent_and_then_forgets_the_link(ada):
    ask("ADA@example.test")
    path = link()
    deliver(timezone.now())
    [sent] = mail.outbox
    assert sent.to == ["ada@example.test"]
    assert path in str(sent.body)
    notice = Notice.objects.get()
    assert (notice.state, notice.body) == (Notice.State.SENT, FORGOTTEN)


@pytest.mark.parametrize("email", ["nobody@example.test", "probe@example.test"])
def test_an_unknown_address_gets_the_same_answer_and_no_mail(ada, email):
    known, unknown = ask(), ask(email)
    Notice.objects.all().delete()
    assert ask(email).status_code == known.status_code == 200
    assert words_of(known) == words_of(unknown)
    assert not Notice.objects.exists()
    assert kinds() == ["accounts.password.reset-asked"]


def test_the_same_work_is_done_for_nobody(ada, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def statements(email: str) -> list[str]:
        with CaptureQueriesContext(connection) as seen:
            resets.ask(email, lambda token: f"https://desk.example/{token}")
        verbs = [query["sql"].split()[0] for query in seen.captured_queries]
        return [verb for verb in verbs if verb in {"SELECT", "INSERT", "UPDATE"}]

    assert statements("nobody@example.test") == statements("ada@example.test")


def test_a_fourth_link_is_not_sent_while_three_still_work(ada):
    for _ in range(6):
        resets.ask("ada@example.test", lambda token: f"https://desk.example/{token}")
    assert Notice.objects.count() == 3
    assert kinds() == ["accounts.password.reset-asked"] * 3
    assert PasswordReset.objects.filter(user=ada).count() == 3
    PasswordReset.objects.filter(user=ada).update(expires_at=timezone.now())
    ask()
    assert Notice.objects.count() == 4
    assert Client().get(link()).status_code == 200


def test_links_to_a_password_that_was_changed_count_no_more(ada):
    for _ in range(3):
        ask()
    choose(link())
    ask()
    assert Notice.objects.count() == 4


def test_the_same_work_is_done_for_who_has_enough_links(ada):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def verbs(email: str) -> list[str]:
        with CaptureQueriesContext(connection) as seen:
            resets.ask(email, lambda token: f"https://desk.example/{token}")
        told = [query["sql"].split()[0] for query in seen.captured_queries]
        return [verb for verb in told if verb in {"SELECT", "INSERT", "UPDATE"}]

    for _ in range(3):
        verbs("ada@example.test")
    assert verbs("ada@example.test") == verbs("nobody@example.test")
    assert Notice.objects.count() == 3


def test_a_disabled_person_gets_no_link(ada):
    User.objects.filter(pk=ada.pk).update(is_active=False)
    ask()
    assert not Notice.objects.exists()


def test_who_is_disabled_meanwhile_sets_nothing(ada):
    ask()
    User.objects.filter(pk=ada.pk).update(is_active=False)
    assert choose(link()).status_code == 410


def test_everybody_with_the_address_is_told_their_name(ada, person):
    User.objects.filter(pk=person("grace").pk).update(email="Ada@example.test")
    ask()
    told = Notice.objects.order_by("recipient").values_list("recipient", flat=True)
    assert list(told) == ["ada", "grace"]


def test_the_link_ends_after_an_hour(ada):
    ask()
    path = link()
    at = timezone.now()
    asked = PasswordReset.objects.get()
    assert asked.expires_at - asked.asked_at == timedelta(hours=1)
    assert Client().get(path).status_code == 200
    PasswordReset.objects.update(expires_at=at)
    assert choose(path).status_code == 410
    prune(at + timedelta(seconds=1))
    assert not PasswordReset.objects.exists()


def test_a_password_changed_meanwhile_ends_older_links(ada):
    ask()
    first = link()
    ask()
    choose(link())
    assert choose(first, NEW + "8").status_code == 410
    assert logs_in(NEW)


def test_two_at_once_set_one_password(ada):
    ask()
    row, _ = resets.find(link().split("/")[-2])
    resets.set_password(row, NEW)
    with pytest.raises(NotFound):
        resets.set_password(row, NEW + "8")
    assert logs_in(NEW)


def test_a_restored_copy_knows_no_link_of_its_past(ada):
    ask()
    sessions.end_everybody(reason="restored")
    assert choose(link()).status_code == 410


@pytest.mark.parametrize("new", ["short", "ada@example.test"])
def test_a_weak_password_is_refused_and_the_link_stays(ada, new):
    ask()
    path = link()
    assert choose(path, new).status_code == 422
    assert choose(path).status_code == 302


def test_a_link_that_never_was_is_told_like_one_that_ended(db):
    assert Client().get(f"{PAGE}{'x' * 43}/").status_code == 410


def test_what_is_no_address_is_said_at_the_field(db):
    answer = ask("not an address")
    assert answer.status_code == 422
    assert "valid email" in words_of(answer)


def test_the_link_is_in_no_log(ada):
    ask()
    path = link()
    token = path.split("/")[-2]
    line = redact(None, "info", {"path": path})
    assert token not in line["path"]
    rows = AuditEvent.objects.all()
    assert all(token.encode() not in bytes(event.body) for event in rows)
    assert token not in str(list(PasswordReset.objects.values()))


def test_the_log_in_page_leads_there_where_mail_arrives(settings, client, db):
    assert PAGE in client.get("/accounts/login/").content.decode()
    settings.MAIL_ARRIVES = False
    assert PAGE not in client.get("/accounts/login/").content.decode()
