"""docs/security.md promises numbers: they are those that the product goes by."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.password_validation import get_default_password_validators
from django.test import Client

from accounts.domain.lives import BROWSER, CLIENT
from accounts.services import invitations, limits
from kernel import blobs

TEXT = (Path(settings.BASE_DIR) / "docs" / "security.md").read_text()


def section(title: str) -> str:
    """What stands under a heading, on one line."""
    _, _, after = TEXT.partition(f"\n## {title}\n")
    assert after, title
    return " ".join(re.split(r"\n## ", after)[0].split())


def test_how_guessing_is_slowed_is_written_down_as_it_is() -> None:
    text = section("Log-in")
    assert settings.AXES_FAILURE_LIMIT == 5
    assert timedelta(minutes=15) == settings.AXES_COOLOFF_TIME
    assert settings.AXES_LOCKOUT_PARAMETERS == [["username", "ip_address"]]
    assert "five failures of a name at an address lock this pair for 15 minutes" in text
    person, address = limits.LOGIN_PERSON.windows, limits.LOGIN_ADDRESS.windows
    assert [(each.seconds, each.limit) for each in person] == [(60, 10)]
    assert [(each.seconds, each.limit) for each in address] == [(60, 30)]
    assert "ten tries a minute of a name and address, 30 of an address" in text


def test_how_long_a_password_must_be_is_written_down_as_it_is() -> None:
    shortest = [
        validator.min_length
        for validator in get_default_password_validators()
        if hasattr(validator, "min_length")
    ]
    assert shortest == [12]
    assert "Passwords: 12 characters or more" in section("Log-in")


def test_how_long_an_invitation_works_is_written_down_as_it_is() -> None:
    assert timedelta(hours=48) == invitations.LIFE
    assert "a link for 48 hours that works once" in section("Log-in")


def test_how_long_sessions_last_is_written_down_as_it_is() -> None:
    text = section("Sessions and tokens")
    assert f"logged out after {BROWSER.idle_words} without a sign" in text
    assert f"and after {BROWSER.most_words} in any case. A client" in text
    assert f"an access token of {settings.ACCESS_TOKEN_MINUTES} minutes" in text
    assert f"a refresh token of {settings.REFRESH_TOKEN_DAYS} days" in text
    assert f"ends {CLIENT.idle_words} after its last refresh" in text
    assert f"and after {CLIENT.most_words} in any case. The numbers" in text


def test_how_soon_libraries_are_mended_and_renewed_is_written_down() -> None:
    text = section("Libraries")
    assert "within 7 days when it is critical or high, else within 30" in text
    assert "all libraries are renewed at least every 90 days" in text


@pytest.mark.django_db
def test_what_the_table_of_secrets_says_of_alertmanager_is_so() -> None:
    assert "| ALERTMANAGER_TOKEN | nothing yet:" in section("Secrets")
    token = {"Authorization": "Bearer of-whatever-is-set"}
    path = "/api/operations/alertmanager"
    answer = Client().post(path, {}, "application/json", headers=token)
    assert answer.status_code == 404


def test_files_that_people_filed_lie_outside_of_what_is_served() -> None:
    assert "outside of what is served" in section("Input")
    lies = blobs.blob_path("a" * 64).resolve()
    served = [settings.STATIC_ROOT, *settings.STATICFILES_DIRS]
    assert not [place for place in served if lies.is_relative_to(Path(place).resolve())]
