"""The product starts, answers, lets people in, books and shows: what is looked at first
after a deployment."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from kernel.build import look
from tests.once_started import once_started
from tests.served import Served, until

pytestmark = [pytest.mark.process, pytest.mark.embedded, pytest.mark.timeout(600)]
NAME = "smoke-1"


@pytest.fixture(scope="module")
def product(
    django_db_setup: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    state = once_started(tmp_path_factory.mktemp("smoke") / "state")
    served = Served(state).ready()
    served.add_people("tess")
    yield served
    served.kill_all()


@pytest.fixture(scope="module")
def token(product: Served) -> str:
    return product.token("tess")


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/docs"])
def test_it_answers_whoever_asks(product: Served, path: str) -> None:
    assert product.status(path) == 200


def test_it_says_which_commit_it_runs(product: Served) -> None:
    answer = product.ask("/health")
    assert answer.status == 200
    assert look().commit[:12] in product.said()


def test_it_shows_strangers_nothing(product: Served) -> None:
    assert product.ask("/api/trades").status == 401
    assert product.ask("/metrics").status == 401


def test_it_lets_a_person_in_and_shows_the_first_page(product: Served) -> None:
    page = product.log_in("tess").open(product.url("/"), timeout=30)
    assert page.status == 200
    assert "tess" in page.read().decode()


def test_it_books_and_shows_what_was_booked(product: Served, token: str) -> None:
    assert product.post_trade(token, NAME).status == 201
    listed = json.loads(product.ask("/api/trades", token=token).body)["trades"]
    assert [trade["external_id"] for trade in listed] == [NAME]
    page = product.log_in("tess").open(product.url("/trades/"), timeout=30)
    assert "BTC-USD" in page.read().decode()


def test_its_health_does_not_fail(product: Served) -> None:
    """Each part that it has is there, workers and beat too, once they have begun."""

    def told() -> bool:
        status = json.loads(product.ask("/health").body).get("status")
        return status in {"pass", "warn"}

    assert until(90, told), product.said()
