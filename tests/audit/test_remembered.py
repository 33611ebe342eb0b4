"""The walk over the log is remembered for a minute, as it was."""

from __future__ import annotations

import pytest

from audit import queries, services

pytestmark = pytest.mark.django_db


def test_the_second_asker_gets_what_the_first_was_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    services.append("audit.log.checked", actor="system", object="log:1", data={})
    first = queries.verification()
    monkeypatch.setattr(queries, "check", lambda: pytest.fail("walked again"))
    again = queries.verification()
    assert again == first
    assert again.at.tzinfo is not None
