"""What an idle product writes in a year stays small, whatever is registered later.

Every probe is run against the product itself and every row measured in the database
that it lies in; then cadence x bytes x time kept is added up over all probes, jobs
and series, and over the records that the built-in checklist makes of them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.db.models import Model
from django.utils import timezone

from accounts.models import User
from kernel.build import Build
from kernel.registry import JOBS, PROBES, Measurement, Probe, Weight
from operations.domain import keeping, schedules
from operations.domain.board import ProbeState, probe_state
from operations.models import JobRun, Minute, ProbeResult
from operations.services import alerting, catalogue, probing, pruning
from readiness.domain import verdicts
from readiness.domain.builtin import CHECKS
from readiness.domain.parsing.document import Proposal
from readiness.domain.verdicts import Verdict
from readiness.models import Check, Evidence, ReviewItem
from readiness.services.builtin import builtin
from readiness.services.evidence import pruning as evidence_pruning
from readiness.services.reviews import NewReview, open_review

MOST_MB = 450
DAY, YEAR = timedelta(days=1), timedelta(days=365)
PRUNED_EVERY = DAY
# Rows that a probe makes beside its result, and how long they are kept; what is not
# named here is taken to be kept for ever.
BESIDE = {"Session": timedelta(days=45), "Refresh": timedelta(days=15)}
BESIDE_BYTES = 1_500
RESULT = "seen " * 40


@dataclass(frozen=True)
class Asked:
    """One question to a probe: how often it is asked, and what came of it."""

    probe: str
    a_day: float
    rows: ProbeResult
    steady: bool
    beside: Counter[str]

    def days_of_rows(self) -> float:
        """How many of its results lie there at most, at any time."""
        whole = (keeping.ALL_KEPT + PRUNED_EVERY) / DAY
        some = (keeping.SOME_KEPT - keeping.ALL_KEPT) / DAY
        return self.a_day * whole + min(self.a_day, 24 if self.steady else 1e9) * some


def used_bytes() -> int:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            pages = [
                cursor.execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("page_count", "freelist_count", "page_size")
            ]
            return int((pages[0] - pages[1]) * pages[2])
        cursor.execute("SELECT pg_database_size(current_database())")
        return int(cursor.fetchone()[0])


def bytes_of(row: Model, **changing: Any) -> float:
    """What one more row like this takes, its indexes included."""
    fields = [field for field in row._meta.concrete_fields if not field.primary_key]
    values = {field.attname: getattr(row, field.attname) for field in fields}
    size = sum(
        len(bytes(v) if isinstance(v, memoryview) else str(v)) for v in values.values()
    )
    copies = max(20, 400_000 // max(size, 1_000))
    more = {"uid": lambda number: uuid4(), **changing}
    rows = [
        type(row)(
            **values | {n: make(number) for n, make in more.items() if n in values}
        )
        for number in range(copies)
    ]
    with transaction.atomic():
        before = used_bytes()
        type(row)._default_manager.bulk_create(rows)
        taken = used_bytes() - before
        transaction.set_rollback(True)
    return taken / copies


def wait_of(check: Proposal, result: ProbeResult) -> timedelta:
    """How long until the check asks again, in the state that its result shows."""
    measured = Measurement(result.value, result.detail, error=result.error)
    verdict = verdicts.judge(measured, check.threshold).verdict
    now = timezone.now()
    return verdicts.due_at(verdict, now, check.freshness, now - DAY) - now


def counted() -> Counter[str]:
    models = [model for model in apps.get_models() if model is not ProbeResult]
    return Counter({m.__name__: m._default_manager.count() for m in models})


def asked(probe: Probe, params: dict[str, str], checks: list[Proposal]) -> Asked:
    before = counted()
    first, second = (probing.run(probe.name, params) for _ in range(2))
    beside = counted() - before
    waits = (
        []
        if probe.weight == Weight.HEAVY
        else [wait_of(check, second) for check in checks]
    )
    if probe.every is not None and not params:
        failing = probe_state(second.value, second.unit) is ProbeState.FAILING
        waits.append(
            min(probe.every, probing.FAILING_AGAIN) if failing else probe.every
        )
    return Asked(
        probe=probe.name,
        a_day=max((DAY / wait for wait in waits), default=0),
        rows=second,
        steady=(first.value, first.error) == (second.value, second.error),
        beside=Counter({name: number // 2 for name, number in beside.items()}),
    )


def seldom(params: Mapping[str, str]) -> Measurement:
    """What a probe leaves that takes minutes: it is asked a few times a day."""
    return Measurement.of_faults([], "as it should be, everywhere that was looked at")


def questions() -> Iterator[tuple[Probe, dict[str, str], list[Proposal]]]:
    """Each probe without params, and as the built-in checklist asks it."""
    checks: dict[tuple[str, tuple[tuple[str, str], ...]], list[Proposal]] = {}
    for check in (check for line in CHECKS.values() for check in line):
        checks.setdefault(
            (check.probe, tuple(sorted(check.params.items()))), []
        ).append(check)
    for name in PROBES:
        checks.setdefault((name, ()), [])
    for (name, params), asking in checks.items():
        if name in PROBES:
            yield PROBES[name], dict(params), asking


def of_results(asked: list[Asked]) -> float:
    return sum(one.days_of_rows() * bytes_of(one.rows) for one in asked)


def of_what_probes_leave(asked: list[Asked]) -> float:
    return sum(
        number * one.a_day * (BESIDE.get(name, YEAR) / DAY) * BESIDE_BYTES
        for one in asked
        for name, number in one.beside.items()
    )


def of_runs(asked: list[Asked]) -> float:
    a_day: dict[str, float] = defaultdict(float)
    for one in asked:
        a_day[f"probe:{one.probe}"] += one.a_day
    for name, job in JOBS.items():
        schedule = schedules.parse(job.schedule)
        a_day[name] = DAY / schedule.period if schedule else 0
    kept = {
        name: min(number * (pruning.RUNS_KEPT / DAY), pruning.MOST_RUNS) + number
        for name, number in a_day.items()
    }
    row = JobRun(job=catalogue.job_row("prune"), state="ok", result=RESULT)
    start = timezone.now()
    size = bytes_of(row, due_at=lambda number: start + number * timedelta(seconds=1))
    return sum(kept.values()) * size


def of_minutes() -> float:
    counts = {f"le_{number}": 1_000_000 for number in range(14)}
    alerting.evaluate(timezone.now())
    readings = Minute.objects.get(series=Minute.READINGS).values
    start = timezone.now()
    taken = 0.0
    for series, values in ((Minute.WEB, counts), (Minute.READINGS, readings)):
        row = Minute(series=series, values=values, slots_read=6)
        size = bytes_of(row, at=lambda number: start + number * timedelta(minutes=1))
        taken += 1_440 * (pruning.MINUTES_KEPT[series] + PRUNED_EVERY) / DAY * size
    return taken


def of_evidence(asked: list[Asked], by: User) -> float:
    """One living review of the built-in checklist."""
    version = builtin(by)
    open_review(
        NewReview(
            version=version, release="1", commit="ab" * 20,
            environment="development", imported_ticks=False,
        ),
        by,
    )  # fmt: skip
    days = (evidence_pruning.KEPT + PRUNED_EVERY) / DAY
    results = {
        (one.rows.name, tuple(sorted(one.rows.params.items()))): one.rows
        for one in asked
    }
    total = 0.0
    for check in Check.objects.filter(item__version=version).select_related("item"):
        result = results.get((check.probe, tuple(sorted(check.params.items()))))
        if result is None or result.error:
            continue  # said once
        now = timezone.now()
        wait = verdicts.repeated_at(now, check.freshness) - now
        record = Evidence(
            review_item=ReviewItem.objects.get(item=check.item), check_of=check,
            kind="metric", verdict=Verdict.PASS, summary=result.detail,
            reason=result.detail, probe=check.probe, params=check.params,
            threshold=check.threshold, definition_sha256=check.definition_sha256,
            value=result.value, unit=result.unit, facts=result.facts,
            commit=result.commit, environment="development",
            collector="j:readiness-evidence", observed_at=now, valid_until=now,
        )  # fmt: skip
        total += DAY / wait * days * bytes_of(record)
    return total


@pytest.mark.django_db(transaction=True)
def test_a_year_of_idling_stays_small(
    live_server: Any, settings: Any, person: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.PUBLIC_ORIGIN = live_server.url
    # A tree that is being worked on measures nothing.
    whole = Build("a" * 40, clean=True)
    monkeypatch.setattr("kernel.build.running", lambda: whole)
    monkeypatch.setattr("kernel.build.look", lambda: whole)
    for name, probe in PROBES.items():
        if probe.weight is not Weight.QUICK:
            monkeypatch.setitem(PROBES, name, replace(probe, function=seldom))
    every = [asked(*question) for question in questions()]
    parts = {
        "results of probes": of_results(every),
        "records of the checklist": of_evidence(
            every, person("admin", "Administrator")
        ),
        "runs of jobs and probes": of_runs(every),
        "minutes": of_minutes(),
        "what probes leave beside": of_what_probes_leave(every),
    }
    assert {one.probe for one in every} == set(PROBES)
    assert all(size > 0 for size in parts.values())
    assert sum(parts.values()) <= MOST_MB * 1e6, parts
