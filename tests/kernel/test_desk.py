"""What templates may call: times, digests, icons."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.template import Context, Template
from django.utils import timezone

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def shown(template: str, **context: object) -> str:
    return Template(template).render(Context(context))


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        ("UTC", "2 Jan 2026, 03:04:05 UTC"),
        ("Europe/Berlin", "2 Jan 2026, 04:04:05 CET"),
        ("America/New_York", "1 Jan 2026, 22:04:05 EST"),
    ],
)
def test_a_time_is_utc_for_machines_and_local_for_people(zone: str, text: str) -> None:
    with timezone.override(ZoneInfo(zone)):
        assert shown("{% clock at %}", at=AT) == (
            f'<time datetime="2026-01-02T03:04:05Z">{text}</time>'
        )


def test_a_time_takes_a_form_and_none_is_a_dash() -> None:
    assert ">03:04<" in shown("{% clock at '%H:%M' %}", at=AT)
    assert shown("{% clock at %}", at=None) == "–"


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ hex|short }}", "01234567"),
        ("{{ hex|short:4 }}", "0123"),
        ("{{ names|get:'a' }}", "Ada"),
        ("{{ names|get:'b' }}", "None"),
        ("{{ nothing|get:'a' }}", "None"),
        ("{{ before|past }}", "True"),
        ("{{ after|past }}", "False"),
    ],
)
def test_a_value_is_read(template: str, text: str) -> None:
    now = timezone.now()
    context = {
        "hex": "0123456789abcdef",
        "names": {"a": "Ada"},
        "nothing": None,
        "before": now - timedelta(seconds=1),
        "after": now + timedelta(minutes=1),
    }
    assert shown(template, **context) == text


@pytest.mark.parametrize("name", ["check", '"><script>'])
def test_an_icon_is_decoration_and_escaped(name: str) -> None:
    svg = shown("{% icon name %}", name=name)
    assert 'aria-hidden="true"' in svg
    assert "icons.svg#" in svg
    assert "<script>" not in svg
