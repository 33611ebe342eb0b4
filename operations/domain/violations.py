"""What a browser says that a page tried against the content policy.

Browsers tell it in two forms: one report under "csp-report", and the Reporting API's
list. What somebody sends is believed as far as it is about a page of ours; addresses
lose query, fragment and whatever in them may be a secret.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import astuple, dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

MOST_IN_A_BODY = 20
LONGEST = 300
MOST_LINES = 2**31 - 1
# "inline", "eval", "trusted-types-sink", and the names of directives.
WORD = re.compile(r"[a-z-]{1,40}")
LEGACY = ("document-uri", "effective-directive", "blocked-uri", "source-file")
MODERN = ("documentURL", "effectiveDirective", "blockedURL", "sourceFile")


@dataclass(frozen=True, kw_only=True)
class Violation:
    """`page` and `source` are routes of ours, or another site's origin; `blocked` may
    be a word, too. `line` is 0 where none is known."""

    directive: str
    blocked: str
    page: str
    source: str
    line: int

    @property
    def digest(self) -> str:
        """The same for the same violation, whoever met it."""
        text = "\n".join(map(str, astuple(self)))
        return hashlib.sha256(text.encode()).hexdigest()


def violations(
    body: Any, *, host: str, route: Callable[[str], str]
) -> Iterator[Violation]:
    """Those of a body that are about a page of `host` (with port, as browsers name
    it), at most MOST_IN_A_BODY; `route` names the route of one of our paths."""
    for report in _reports(body):
        violation = _violation(report, host, route)
        if violation:
            yield violation


def _reports(body: Any) -> list[Mapping[str, Any]]:
    """Each report with the four names of MODERN, and its line."""
    if isinstance(body, Mapping):
        old = body.get("csp-report")
        return [_of_legacy(old)] if isinstance(old, Mapping) else []
    if not isinstance(body, list):
        return []
    inner = [
        item.get("body")
        for item in body[:MOST_IN_A_BODY]
        if isinstance(item, Mapping) and item.get("type") == "csp-violation"
    ]
    return [report for report in inner if isinstance(report, Mapping)]


def _of_legacy(old: Mapping[str, Any]) -> Mapping[str, Any]:
    named = {new: old.get(name) for name, new in zip(LEGACY, MODERN, strict=True)}
    # Level 2 knew only the whole directive as the policy has it: "script-src 'self'".
    violated = str(old.get("violated-directive", "")).partition(" ")[0]
    named["effectiveDirective"] = named["effectiveDirective"] or violated
    return {**named, "lineNumber": old.get("line-number")}


def _violation(
    report: Mapping[str, Any], host: str, route: Callable[[str], str]
) -> Violation | None:
    page = _parts(report.get("documentURL"))
    directive = report.get("effectiveDirective")
    if page is None or page.netloc.lower() != host.lower():
        return None
    if not isinstance(directive, str) or not WORD.fullmatch(directive):
        return None
    line = report.get("lineNumber")
    known = isinstance(line, int) and 0 < line <= MOST_LINES
    return Violation(
        directive=directive,
        blocked=_place(report.get("blockedURL"), host, route),
        page=route(page.path),
        source=_place(report.get("sourceFile"), host, route),
        line=line if known and isinstance(line, int) else 0,
    )


def _place(given: Any, host: str, route: Callable[[str], str]) -> str:
    """A word as it is; of an address the route, the origin, or the scheme alone."""
    if isinstance(given, str) and WORD.fullmatch(given):
        return given
    parts = _parts(given)
    if parts is None:
        return ""
    if parts.scheme not in {"http", "https"}:
        return parts.scheme[:LONGEST]
    if parts.netloc.lower() == host.lower():
        return route(parts.path)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"[:LONGEST]


def _parts(given: Any) -> SplitResult | None:
    if not isinstance(given, str) or not given.isprintable():
        return None
    try:
        return urlsplit(given)
    except ValueError:
        return None
