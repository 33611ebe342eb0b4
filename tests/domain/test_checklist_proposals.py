"""Which probe the words of a line suggest, and what makes a document contradict itself."""

from __future__ import annotations

import pytest

from readiness.domain.parsing.contradictions import says_done
from readiness.domain.parsing.reading import parse

PROPOSED = [
    # line, probe, params, threshold
    ("CORS limited to named origins", "cors", {}, None),
    ("JWT expires", "jwt", {}, None),
    ("Token expiry is short", "jwt_expiry", {}, None),
    ("Tokens revoked at log-out", "jwt_revoke", {}, None),
    ("Rate limiting: per minute", "ratelimit", {}, None),
    ("X-Frame-Options is set", "headers", {"header": "X-Frame-Options"}, None),
    ("HSTS is on", "headers", {"header": "Strict-Transport-Security"}, None),
    ("Input validation everywhere", "schema_fuzz", {}, None),
    ("TLS certificate is valid", "tls_cert", {}, ">= 21"),
    ("Cache hit rate > 70 %", "cache_hit", {}, "> 70"),
    ("WAL mode", "db_pragmas", {"pragma": "journal_mode"}, "== wal"),
    ("Cache size 64 MB", "db_pragmas", {"pragma": "cache_size"}, ">= 64"),
    ("P95 < 100 ms", "latency", {"percentile": "95"}, "< 100"),
    ("Gzip compression", "gzip", {}, None),
    ("Metrics at `/metrics`", "metrics", {}, None),
    ("`/health` answers", "health", {}, None),
    ("Unit tests pass", "junit", {"suite": "unit"}, None),
    ("Coverage > 80 %", "coverage", {}, "> 80"),
    ("Smoke tests", "smoke", {}, None),
    ("mypy is clean", "mypy", {}, None),
]


@pytest.mark.parametrize(("line", "probe", "params", "threshold"), PROPOSED)
def test_the_words_of_a_line_suggest_its_check(
    line: str, probe: str, params: dict[str, str], threshold: str | None
) -> None:
    (item,) = parse(f"# Desk\n\n## Checks\n\n- [ ] {line}\n".encode()).items

    (check,) = item.checks
    assert (check.probe, check.params, check.threshold) == (probe, params, threshold)


UNPROPOSED = [
    pytest.param("Team has been told", id="nothing to measure"),
    pytest.param("Cache hit rate is good", id="an amount without a number"),
    pytest.param("P95 is fine", id="a percentile without a number"),
    pytest.param("Audit log review is planned", id="a meeting, no log"),
]


@pytest.mark.parametrize("line", UNPROPOSED)
def test_no_probe_is_guessed(line: str) -> None:
    (item,) = parse(f"# Desk\n\n## Checks\n\n- [ ] {line}\n".encode()).items

    assert item.checks == []


def test_a_security_scan_asks_both_scanners() -> None:
    (item,) = parse(b"# Desk\n\n## Checks\n\n- [ ] Security scan\n").items

    assert [check.probe for check in item.checks] == ["bandit", "pip_audit"]


SAID = [
    ("DONE", True),
    ("Up to date", True),
    ("implemented and tested", True),
    ("PENDING", False),
    ("only CREATED", False),
    ("not done", False),
    ("in progress", False),
    ("partially done", False),
    ("done, but failing", False),
    ("see ticket 7", None),
    ("", None),
]


@pytest.mark.parametrize(("status", "done"), SAID)
def test_what_a_status_says_of_the_work(status: str, done: bool | None) -> None:
    assert says_done(status) == done


def clashes(lines: str) -> list[tuple[str, tuple[int, ...]]]:
    document = parse(f"# Desk\n\n## Checks\n\n{lines}".encode())
    return [(clash.code, clash.lines) for clash in document.contradictions]


CLASHES = [
    pytest.param(
        "- [ ] Backups\n  Status: DONE\n", "open_but_done", (5,), id="open but done"
    ),
    pytest.param(
        "- [x] Backups\n  Status: PENDING\n",
        "ticked_but_not_done",
        (5,),
        id="ticked but pending",
    ),
    pytest.param(
        "- [x] All\n  - [ ] One\n",
        "parent_ahead",
        (5, 6),
        id="ticked above an open line",
    ),
    pytest.param(
        "- [ ] All\n  - [x] One\n", "parent_behind", (5,), id="open above a ticked line"
    ),
    pytest.param(
        "- [ ] Load tests\n- [ ] Load testing\n", "duplicate", (5, 6), id="twice"
    ),
    pytest.param(
        "- [ ] Load tests\n- [x] Load testing\n",
        "opposite",
        (5, 6),
        id="twice, and not alike",
    ),
]


@pytest.mark.parametrize(("lines", "code", "places"), CLASHES)
def test_a_contradiction_names_its_lines(
    lines: str, code: str, places: tuple[int, ...]
) -> None:
    assert clashes(lines) == [(code, places)]


AGREED = [
    pytest.param("- [x] Backups\n  Status: DONE\n", id="ticked and done"),
    pytest.param("- [ ] Backups\n  Status: PENDING\n", id="open and pending"),
    pytest.param("- [x] All\n  - [x] One\n", id="all ticked"),
    pytest.param("- [x] All\n  - [ ] One (optional)\n", id="an optional child is open"),
    pytest.param(
        "- [ ] A\n  - [ ] Same\n- [ ] B\n  - [ ] Same\n",
        id="alike below different parents",
    ),
]


@pytest.mark.parametrize("lines", AGREED)
def test_what_agrees_is_no_contradiction(lines: str) -> None:
    assert clashes(lines) == []
