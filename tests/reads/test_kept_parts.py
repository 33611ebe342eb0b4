"""Parts of pages that are kept: never another's, never stale, never another answer's
token or nonce, and far cheaper the second time."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from accounts.models import User
from kernel import kept_parts, pieces
from kernel.remembered import forget_everything
from kernel.versions import stamps
from portfolio.models import EquityPoint
from portfolio.queries.summary import portfolio
from portfolio.services import equity
from tests.reads.test_dependence import fill
from tests.reads.test_never_stale import ACTS, World
from trades.services.books import NewBook, create_book

pytestmark = pytest.mark.django_db(transaction=True)
PAGES = ("/performance/", "/performance/?period=30d", "/", "/portfolio/")
SHEET = "portfolio/parts/tear_sheet.html"
WRITES = 40
OWN = (
    (re.compile(r'nonce="[^"]*"'), "nonce"),
    (re.compile(r'csrfmiddlewaretoken" value="\w+"'), "token"),
    (re.compile(r"(Printed for \w+), [^<\n]+"), r"\1"),  # by the clock on the wall
)


def main_of(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    html = answer.content.decode()
    for pattern, word in OWN:
        html = pattern.sub(word, html)
    return html[html.index("<main") : html.index("</main>")]


def computed(client: Client, path: str) -> str:
    """As it is with nothing kept."""
    forget_everything()
    return main_of(client, path)


@pytest.fixture(autouse=True)
def _own_stamps() -> Iterator[None]:
    yield
    stamps().file.close()
    stamps.cache_clear()


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each template of a part was drawn."""
    drawn: Counter[str] = Counter()

    def counted(template: str, values: dict[str, object]) -> str:
        drawn[template] += 1
        return pieces.blank_html(template, values)

    monkeypatch.setattr("kernel.kept_parts.blank_html", counted)
    monkeypatch.setattr(kept_parts, "MINUTE", 10**12)
    return drawn


@pytest.fixture(autouse=True)
def _steady_health(monkeypatch: pytest.MonkeyPatch) -> None:
    """How long a database takes is another at each look, and no kept part."""
    monkeypatch.setattr("rrr_dashboard.overview.checks", lambda now: [])


@pytest.fixture
def asked(ada: User, client_of: Callable[[User], Client]) -> Client:
    create_book(NewBook("ada-main", "USD"), ada)
    fill(ada, "f1")
    return client_of(ada)


def test_the_second_look_draws_nothing(asked: Client, looks: Counter[str]) -> None:
    first = main_of(asked, "/performance/")
    assert main_of(asked, "/performance/") == first
    assert looks[SHEET] == 1


def test_each_answer_has_its_own_nonce_and_token(
    asked: Client, looks: Counter[str]
) -> None:
    """A kept part holds neither: they are words of the answer that it goes into."""
    pages = [asked.get("/portfolio/").content.decode() for _ in range(2)]
    nonces = [set(re.findall(r'nonce="([^"]+)"', page)) for page in pages]
    assert all(len(own) == 1 for own in nonces)
    assert nonces[0] != nonces[1]


def book_another(case: User) -> None:
    fill(case, "f2")


def walk_days(case: User) -> None:
    equity.catch_up(timezone.now())
    assert EquityPoint.objects.exists()


def may_less(case: User) -> None:
    case.groups.add(Group.objects.get(name="Viewer"))


def another_zone(case: User) -> None:
    User.objects.filter(pk=case.pk).update(zone="Asia/Tokyo")


def other_colours(case: User) -> None:
    User.objects.filter(pk=case.pk).update(preferences={"pnl": "blue"})


@pytest.mark.parametrize(
    "change", [book_another, walk_days, may_less, another_zone, other_colours]
)
def test_what_it_depends_on_draws_it_anew(
    asked: Client, ada: User, looks: Counter[str], change: Callable[[User], None]
) -> None:
    main_of(asked, "/performance/")
    change(ada)
    told = main_of(asked, "/performance/")
    assert looks[SHEET] == 2
    assert told == computed(asked, "/performance/")


@pytest.mark.usefixtures("looks")
def test_what_is_booked_while_a_part_is_drawn_is_in_the_next(
    asked: Client, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between what the overview computes and what it draws of it."""
    late = iter(["late"])

    def held(*arguments: Any) -> Any:
        answer = portfolio(*arguments)
        for name in late:
            fill(ada, name)
        return answer

    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now)
    monkeypatch.setattr("rrr_dashboard.overview.portfolio", held)
    main_of(asked, "/")
    told = main_of(asked, "/")
    assert next(late, None) is None
    assert told.splitlines() == computed(asked, "/").splitlines()


def test_where_several_hosts_serve_nothing_is_kept(
    asked: Client, looks: Counter[str], settings: Any
) -> None:
    settings.RATE_LIMIT_HOSTS = 2
    main_of(asked, "/performance/")
    main_of(asked, "/performance/")
    assert looks[SHEET] == 2


def test_when_the_minute_is_over_it_is_drawn_anew(
    asked: Client, looks: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    main_of(asked, "/performance/")
    monkeypatch.setattr(kept_parts, "MINUTE", 10**9)
    main_of(asked, "/performance/")
    assert looks[SHEET] == 2


def test_a_kept_part_is_what_is_computed_now(
    person: Callable[..., User],
    client_of: Callable[[User], Client],
    looks: Counter[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Random people, rights, facts and pages, all of them at one moment."""
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now)
    ada, mallory = person("ada", "Trader"), person("mallory", "Trader")
    people = [ada, mallory, person("kay", "Administrator")]
    world = World(random.Random(20261130), ada, mallory, people[2])
    for who in people[:2]:
        for number in (1, 2):
            create_book(NewBook(f"{who.username}-{number}", "USD"), who)
    clients = [client_of(who) for who in people]
    pages = [(client, path) for client in clients for path in PAGES]
    shown: Counter[str] = Counter()
    for _ in range(WRITES):
        world.write()
        for client, path in world.dice.choices(pages, k=2):
            told = [main_of(client, path) for _ in range(2)]
            truth = computed(client, path)
            for each in told:
                assert each.splitlines() == truth.splitlines(), path
            shown[path] += 1
    assert min(shown[path] for path in PAGES) >= WRITES // 10
    assert looks[SHEET] < 0.8 * 3 * (shown[PAGES[0]] + shown[PAGES[1]])
    assert len(world.done) > len(ACTS) // 2
