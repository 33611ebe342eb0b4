"""The digest of a process' settings: another for each change that matters, and of no
use to whoever guesses at a secret."""

from __future__ import annotations

import hashlib
import json

import pytest
from django.conf import settings

from kernel import configuration

GIVEN = {"JWT_SECRET": "s" * 96, "CORS_ORIGINS": "https://a.example", "PORT": "8000"}
KEY = "k" * 50


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("JWT_SECRET", "a" * 96, id="a weaker secret"),
        pytest.param(
            "CORS_ORIGINS", "https://a.example,https://b.example", id="origin"
        ),
        pytest.param("PUBLIC_READ", "true", id="a setting that was not there"),
    ],
)
def test_other_settings_have_another_digest(name: str, value: str) -> None:
    before = configuration.digest(GIVEN, KEY)
    assert configuration.digest({**GIVEN, name: value}, KEY) != before


def test_another_key_has_another_digest() -> None:
    assert configuration.digest(GIVEN, KEY) != configuration.digest(GIVEN, KEY + "x")


@pytest.mark.parametrize("name", ["PORT", "STATE_DIR", "RRR_VERSION", "DEMO_PASSWORD"])
def test_where_it_stands_changes_nothing(name: str) -> None:
    moved = configuration.digest({**GIVEN, name: "elsewhere"}, KEY)
    assert moved == configuration.digest(GIVEN, KEY)


def test_a_guess_of_a_secret_cannot_be_tested_without_the_key() -> None:
    counted = {name: text for name, text in GIVEN.items() if name != "PORT"}
    plain = json.dumps(counted, sort_keys=True, separators=(",", ":")).encode()
    assert configuration.digest(GIVEN, KEY) != hashlib.sha256(plain).hexdigest()


def test_every_setting_is_counted_or_left_out_by_name() -> None:
    assert settings.SETTINGS_READ.keys() == settings.SETTING_NAMES
    assert settings.SETTING_NAMES >= configuration.LEFT_OUT
