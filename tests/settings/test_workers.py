"""Two workers share the tests, and never one running product."""

from __future__ import annotations

import pytest

from tests.workers import ONE_WORKER, group, turn


@pytest.mark.parametrize(
    ("node_id", "together"),
    [
        ("tests/e2e/test_tick.py::test_a_tick", "tests/e2e"),
        ("tests/e2e/test_pages.py::test_axe[review]", "tests/e2e"),
        ("tests/processes/test_serve.py::test_it", "tests/processes"),
        (
            "tests/trades/test_api.py::test_a[from=a::b/e2e/x]",
            "tests/trades/test_api.py",
        ),
    ],
)
def test_what_stays_on_one_worker(node_id: str, together: str) -> None:
    assert group(node_id) == together


def test_every_such_folder_is_there(request: pytest.FixtureRequest) -> None:
    folders = {path.name for path in (request.config.rootpath / "tests").iterdir()}
    assert folders >= set(ONE_WORKER)


def test_what_is_long_and_cannot_be_shared_out_begins(
    request: pytest.FixtureRequest,
) -> None:
    turns = [turn(item.path.parent.name) for item in request.session.items]
    assert turns == sorted(turns)
