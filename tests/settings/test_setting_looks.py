"""What `doctor` says about settings that start, and are not as they were meant."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from accounts.services.secret_ages import secret_ages
from rrr_dashboard import setting_looks


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("METRIC_TOKEN=x", "METRIC_TOKEN (is METRICS_TOKEN meant?)"),
        ("DATABSE_URL=x", "DATABSE_URL (is DATABASE_URL meant?)"),
        ("Email_Url=x", "Email_Url (is EMAIL_URL meant?)"),
        ("SECRET_KEY_FLIE=x", "SECRET_KEY_FLIE (is SECRET_KEY_FILE meant?)"),
    ],
)
def test_a_misspelt_name_in_dotenv_is_said_with_the_one_that_is_meant(
    tmp_path: Path, settings: Any, line: str, said: str
) -> None:
    settings.BASE_DIR = tmp_path
    (tmp_path / ".env").write_text(f"PORT=8000\n{line}\n")
    finding = setting_looks.misspelt()
    assert finding.level == "warn"
    assert said in finding.detail


@pytest.mark.parametrize(
    "text",
    [
        "SECRET_KEY=x\nJWT_SECRET_FILE=/run/secrets/jwt\nTEST_REDIS_URL=x\n",
        "COMPOSE_PROJECT_NAME=desk\nAWS_PROFILE=desk\nTZ=UTC\n",
        "",
    ],
)
def test_names_of_ours_and_of_other_programs_are_not_misspelt(
    tmp_path: Path, settings: Any, text: str
) -> None:
    settings.BASE_DIR = tmp_path
    if text:
        (tmp_path / ".env").write_text(text)
    assert setting_looks.misspelt().level == "ok"


@pytest.mark.django_db
def test_doctor_says_that_a_former_secret_may_go(tmp_path: Path, settings: Any) -> None:
    settings.STATE_DIR = tmp_path
    secret_ages(timezone.now() - timedelta(days=40))
    assert setting_looks.former_secrets().level == "ok"
    settings.SECRET_KEY_FALLBACKS = ["the one before"]
    finding = setting_looks.former_secrets()
    assert finding.level == "warn"
    assert finding.detail.startswith("SECRET_KEY_FALLBACKS may go")
    (tmp_path / "secrets.json").write_text("[]")
    assert "unknown" in setting_looks.former_secrets().detail
