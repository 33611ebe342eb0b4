"""Who may read static files from pages of another origin: nobody, or ours by a CDN."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as ours
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from whitenoise.middleware import WhiteNoiseMiddleware

from tests.settings.test_nonsense import load

pytestmark = pytest.mark.filterwarnings("ignore:.*found in sys.modules:RuntimeWarning")
ALLOW = "Access-Control-Allow-Origin"
CDN = {"STATIC_URL": "https://cdn.example.com/static/"}
DESK = {"PUBLIC_ORIGIN": "https://desk.example.com"}


def absent(request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=404)


def static_answers(settings: Any) -> list[Any]:
    """The answer for every static file, to a page of somebody else."""
    settings.STATIC_ROOT = Path(ours.BASE_DIR) / "static"
    files = WhiteNoiseMiddleware(absent)
    ask = RequestFactory(headers={"Origin": "https://mallory.example"})
    return [files(ask.get(url)) for url in files.files]


def test_no_static_answer_is_for_pages_of_others(settings: Any) -> None:
    """It was for those of everybody."""
    answers = static_answers(settings)
    assert len(answers) > 50
    assert {answer.status_code for answer in answers} == {200}
    assert not any(ALLOW in answer for answer in answers)


@pytest.mark.parametrize(
    ("given", "allowed"),
    [
        ({**CDN, **DESK}, DESK["PUBLIC_ORIGIN"]),
        (DESK, None),
        (CDN, None),
    ],
)
def test_what_a_cdn_hands_on_is_for_our_pages_alone(
    monkeypatch: pytest.MonkeyPatch, settings: Any, given: Any, allowed: str | None
) -> None:
    """A browser takes the font of another origin only so."""
    loaded = load(monkeypatch, **given)
    for name, value in loaded.items():
        if name.startswith("WHITENOISE_"):
            setattr(settings, name, value)
    assert {answer.get(ALLOW) for answer in static_answers(settings)} == {allowed}
