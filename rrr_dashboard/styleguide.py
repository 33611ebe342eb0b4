"""/styleguide/: every component in every state, with the line that includes it.

It is where a newcomer starts and where a change to a component is looked at, so it is
there in demo and development only. Nothing here is read from the database.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from kernel.access import access
from kernel.charts import Line, sparkline, timeline

SHOWN_IN = {"demo", "development"}
SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
TONES = ("", "ok", "warn", "crit", "info", "line")
STATES = ("proven", "stale", "claimed", "unclaimed", "failed", "not_applicable")
Given = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Component:
    """A component with the arguments of each of its states, by the state's title.

    `inside` is the element that it needs around it; `where` says where a part of the
    page's own frame stands, which is shown once and not again here.
    """

    name: str
    states: Mapping[str, Given]
    inside: str = ""
    where: str = ""

    @property
    def line(self) -> str:
        """The include line to copy."""
        given = next(iter(self.states.values()), {})
        named = " ".join(f"{name}={_written(name, given[name])}" for name in given)
        named = f" with {named}" if named else ""
        return f'{{% include "components/{self.name}.html"{named} only %}}'


@dataclass(frozen=True, kw_only=True)
class Group:
    title: str
    entries: Sequence[Component]


@dataclass(frozen=True, kw_only=True)
class Example:
    title: str
    html: SafeString


def _written(name: str, value: object) -> str:
    if isinstance(value, str) and not isinstance(value, SafeString):
        return f'"{value}"'
    return str(value) if isinstance(value, int | Decimal) else name


@require_safe
@access(public=True)
def styleguide(request: HttpRequest) -> HttpResponse:
    """Public where it is shown at all: it holds invented examples only."""
    if settings.RRR_ENV not in SHOWN_IN:
        raise Http404
    shown = [
        (group.title, [(entry, _examples(entry, request)) for entry in group.entries])
        for group in groups(timezone.now())
    ]
    return render(request, "rrr_dashboard/styleguide.html", {"groups": shown})


def _examples(entry: Component, request: HttpRequest) -> list[Example]:
    template = f"components/{entry.name}.html"
    return [
        Example(title=title, html=render_to_string(template, dict(given), request))
        for title, given in entry.states.items()
    ]


def groups(now: datetime) -> Sequence[Group]:
    """Every component of templates/components/; a test finds one that is missing."""
    return (
        Group(title="States", entries=tuple(_states(now))),
        Group(title="Figures", entries=tuple(_figures(now))),
        Group(title="Texts to copy", entries=tuple(_copied())),
        Group(title="Forms", entries=tuple(_fields())),
        Group(title="Lists", entries=tuple(_lists())),
        Group(title="Messages", entries=tuple(_messages())),
        Group(title="Frame", entries=tuple(_frame())),
    )


def _states(now: datetime) -> Iterator[Component]:
    chips: dict[str, Given] = {
        tone or "neutral": {"tone": tone, "icon": "info", "text": (tone or "as it is")}
        for tone in TONES
    }
    yield Component(
        name="chip",
        states={
            **chips,
            "without an icon": {"text": "Retired"},
            "a link": {
                "tone": "line",
                "icon": "x",
                "text": "BTC-USD",
                "href": "#entry-chip",
            },
        },
    )
    states: dict[str, Given] = {state: {"state": state} for state in STATES}
    yield Component(
        name="state",
        states={
            **states,
            "waived": {"state": "waived"},
            "waived until": {"state": "waived", "until": date(2026, 12, 8)},
        },
    )
    seen = {"probe": "headers", "observed_at": now - timedelta(minutes=2)}
    yield Component(
        name="evidence",
        states={
            "fresh": {"evidence": {**seen, "valid_until": now + timedelta(hours=23)}},
            "expired": {"evidence": {**seen, "valid_until": now - timedelta(hours=3)}},
            "by a person": {"evidence": {**seen, "probe": ""}},
            "none": {"evidence": None},
        },
    )
    yield Component(name="stale", states={"old": {"age": "94 s"}})
    yield Component(name="icon", states={"any of icons.svg": {"name": "pass"}})


def _figures(now: datetime) -> Iterator[Component]:
    spark = sparkline([3, 4, 2, 5, 6])
    money = {"label": "Unrealised", "value": "▲ +1,204.50 USD"}
    yield Component(
        name="kpi",
        inside="kpis",
        states={
            "plain": {"label": "Cash", "value": "12,000.00 USD", "note": "2 books"},
            "gain": {**money, "tone": "gain", "note": "+4.31 %"},
            "loss": {**money, "value": "▼ −310.00 USD", "tone": "loss"},
            "warn": {"label": "Broken", "value": "3", "tone": "warn"},
            "no value": {"label": "Sharpe", "value": "–", "reason": "under 30 days"},
            "a link, a line": {
                "label": "Equity",
                "value": "61,204.50",
                "spark": spark,
                "href": "#entry-kpi",
            },
        },
    )
    share = {"value": 41, "of": 67}
    yield Component(
        name="meter",
        states={
            "good": {"label": "Items proven", "share": share, "note": "of all inside"},
            "warn": {"label": "Signed", "share": share, "tone": "warn"},
            "crit": {"label": "Failed", "share": share, "tone": "crit"},
            "of nothing": {"label": "Fresh", "share": {"value": 0, "of": 0}},
        },
    )
    days = [date(2026, 11, day) for day in range(1, 21)]
    drawn = timeline(
        days,
        [Line([100 + day * day % 17 for day in range(20)], filled=True)],
        name="styleguide",
        title="Equity",
        description="Twenty invented days.",
    )
    table = format_html("<p>{}</p>", "The same numbers as a table.")
    yield Component(
        name="chart",
        states={"with its table": {"chart": drawn, "title": "Equity", "table": table}},
    )
    yield Component(name="time", states={"known": {"at": now}, "never": {"at": None}})
    yield Component(
        name="provenance",
        states={
            "whole": {
                "rows": "2,206 fills",
                "digest": SHA256,
                "method": "daily time-weighted return",
                "url": "#entry-provenance",
            },
            "short": {"rows": "no fills", "method": "nothing to measure"},
        },
    )
    yield Component(
        name="saved_filters",
        states={
            "one kept, and one on": {
                "of": "trades",
                "kept": [("Bitcoin", "symbol=BTC-USD")],
                "here": "#entry-saved_filters",
                "this": "/",
                "on": "side=buy",
                "csrf_token": "",
            },
            "nothing kept": {
                "of": "trades",
                "kept": [],
                "here": "#entry-saved_filters",
                "this": "/",
                "on": "",
                "csrf_token": "",
            },
        },
    )
    reader = SimpleNamespace(user=SimpleNamespace(username="grace"))
    yield Component(name="printed", states={"on paper": {"request": reader}})


def _copied() -> Iterator[Component]:
    yield Component(name="command", states={"any": {"text": "./manage.py verify_log"}})
    yield Component(
        name="digest",
        states={"named": {"hex": SHA256, "label": "root"}, "unnamed": {"hex": SHA256}},
    )


class _Sample(forms.Form):
    """Invented, to draw each kind of field."""

    release = forms.CharField(
        help_text="As it stands in the tag.",
        widget=forms.TextInput(attrs={"class": "input"}),
    )
    environment = forms.ChoiceField(
        choices=[("staging", "staging"), ("production", "production")],
        widget=forms.Select(attrs={"class": "input"}),
    )
    note = forms.CharField(widget=forms.Textarea(attrs={"class": "input", "rows": 2}))


def _fields() -> Iterator[Component]:
    form = _Sample(prefix="sample")
    refused = _Sample({}, prefix="refused")
    yield Component(
        name="field",
        states={
            "text with help": {"field": form["release"]},
            "choice": {"field": form["environment"]},
            "long text": {"field": form["note"]},
            "refused": {"field": refused["release"]},
        },
    )


def _lists() -> Iterator[Component]:
    yield Component(
        name="pager",
        states={
            "in the middle": {
                "shown": 50,
                "about": 2206,
                "newer": "#newer",
                "older": "#older",
            },
        },
    )
    column = {"label": "Time", "field": "time"}
    yield Component(
        name="sort",
        inside="heads",
        states={
            "unsorted": {**column, "order": "price"},
            "ascending": {**column, "order": "time"},
            "descending": {**column, "order": "-time", "class": "number"},
        },
    )
    symbol = {"name": "symbol", "kind": "string", "required": True}
    note = {"name": "note", "kind": "string or null", "required": False}
    names = ({**symbol, "words": "As the venue writes it."}, {**note, "words": ""})
    operation = {"verb": "post", "path": "/api/trades"}
    yield Component(
        name="fields",
        states={
            "any": {"fields": names, "caption": "Body", "of": operation},
        },
    )


def _messages() -> Iterator[Component]:
    yield Component(
        name="problem",
        inside="problem",
        states={
            "any": {
                "status": 409,
                "detail": "Grace changed this line meanwhile.",
                "request_id": "01J9ZC",
            },
        },
    )
    notes: dict[str, Given] = {
        tone or "info": {"text": "Something to know.", "tone": tone, "icon": "info"}
        for tone in ("", "ok", "warn", "crit")
    }
    yield Component(name="note", states=notes)
    claim = {"text": "SEC-04 is claimed", "url": "", "name": "done", "value": "false"}
    yield Component(
        name="toast",
        states={
            "with undo": {**claim, "url": "#entry-toast", "revision": 3},
            "without": {"text": "Saved"},
        },
    )
    yield Component(
        name="empty",
        states={
            "with an action": {
                "title": "No trades yet",
                "why": "Import a file, or send fills to the API.",
                "action": "Import trades",
                "href": "#entry-empty",
                "command": "./manage.py import_trades FILE --book NAME",
            },
            "quiet": {"title": "Nothing is wrong", "why": "No rule is breached."},
        },
    )


def _frame() -> Iterator[Component]:
    entry = {"count_id": "nav-sample", "count": 3, "count_words": "blockers"}
    yield Component(name="badge", states={"counting": {"entry": entry}})
    yield Component(name="brand", states={"any": {}})
    names = ("production", "staging", "development", "demo")
    environments: dict[str, Given] = {
        name: {"rrr_env": name, "demo_data": False} for name in names
    }
    yield Component(
        name="environment",
        states={**environments, "demo data": {"rrr_env": "demo", "demo_data": True}},
    )
    yield Component(
        name="chart_scripts", states={}, where="in the head of pages of charts"
    )
    yield Component(name="nav", states={}, where="on the left of every wide page")
    yield Component(name="top", states={}, where="above every page")
    yield Component(name="tabbar", states={}, where="at the foot of a phone's page")
    yield Component(name="usermenu", states={}, where="at the foot of the navigation")
    yield Component(name="palette", states={}, where="behind Ctrl K, and behind ?")
