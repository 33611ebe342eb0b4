"""The tables of operations as files, streamed: all rows that are kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_safe

from kernel.access import access
from kernel.sheets import cells_of, columns_of, csv_file, every_page
from operations import queries
from operations.answers import (
    AlertAnswer,
    BackupAnswer,
    JobAnswer,
    ProbeAnswer,
    RuleAnswer,
    SilenceAnswer,
)

AT_ONCE = 500
RUN_COLUMNS = (
    *("run", "job", "params", "state", "due_at", "started_at", "finished_at"),
    *("attempts", "result", "error"),
)
PROCESS = (
    *("kind", "queues", "host", "pid", "commit", "started_at", "last_sign_of_life"),
    "silent",
)
VIOLATION = (
    *("last_at", "directive", "blocked", "page", "source", "line", "times"),
    "first_at",
)


@dataclass(frozen=True, kw_only=True)
class OperationsFile:
    """The columns of a file, and its rows as they are now."""

    columns: Sequence[str]
    rows: Callable[[], Iterable[Sequence[Any]]]

    @classmethod
    def of(
        cls, answer: type[Any], answers: Callable[[], Iterable[Any]]
    ) -> OperationsFile:
        """With the names that the API gives."""
        columns = columns_of(answer)
        return cls(columns=columns, rows=lambda: map(cells_of(columns), answers()))


def _jobs() -> Iterator[JobAnswer]:
    return map(JobAnswer.of, queries.job_board(timezone.now()))


def _probes() -> Iterator[ProbeAnswer]:
    return map(ProbeAnswer.of, queries.probe_board(timezone.now()))


def _rules() -> Iterator[RuleAnswer]:
    return map(RuleAnswer.of, queries.rules())


def _alerts() -> Iterator[AlertAnswer]:
    pages = every_page(lambda cursor: queries.alerts(limit=AT_ONCE, cursor=cursor))
    active = queries.active_silences(timezone.now())
    for page in pages:
        silences = queries.silences_by_alert(page, active)
        for alert in page:
            yield AlertAnswer.of(alert, silences.get(alert.pk))


def _silences() -> Iterator[SilenceAnswer]:
    at = timezone.now()
    pages = every_page(
        lambda cursor: queries.silences(at=at, limit=AT_ONCE, cursor=cursor)
    )
    return (SilenceAnswer.of(silence) for page in pages for silence in page)


def _backups() -> Iterator[BackupAnswer]:
    pages = every_page(lambda cursor: queries.backups(limit=AT_ONCE, cursor=cursor))
    return (BackupAnswer.of(backup) for page in pages for backup in page)


def _runs() -> Iterator[Sequence[Any]]:
    pages = every_page(lambda cursor: queries.runs(limit=AT_ONCE, cursor=cursor))
    for run in (run for page in pages for run in page):
        yield (
            *(run.uid, run.job.name, run.params, run.state, run.due_at),
            *(run.started_at, run.finished_at, run.attempts, run.result, run.error),
        )


def _processes() -> Iterator[Sequence[Any]]:
    for line in queries.processes(timezone.now()):
        sign = line.heartbeat
        yield (
            *(sign.kind, sign.role, sign.host, sign.pid, sign.commit),
            *(sign.started_at, sign.beaten_at, line.stale),
        )


def _violations() -> Iterator[Sequence[Any]]:
    pages = every_page(
        lambda cursor: queries.policy_violations(limit=AT_ONCE, cursor=cursor)
    )
    cells = cells_of(VIOLATION)
    return (cells(violation) for page in pages for violation in page)


TABLES: Mapping[str, OperationsFile] = {
    "jobs": OperationsFile.of(JobAnswer, _jobs),
    "runs": OperationsFile(columns=RUN_COLUMNS, rows=_runs),
    "probes": OperationsFile.of(ProbeAnswer, _probes),
    "alerts": OperationsFile.of(AlertAnswer, _alerts),
    "silences": OperationsFile.of(SilenceAnswer, _silences),
    "rules": OperationsFile.of(RuleAnswer, _rules),
    "backups": OperationsFile.of(BackupAnswer, _backups),
    "processes": OperationsFile(columns=PROCESS, rows=_processes),
    "violations": OperationsFile(columns=VIOLATION, rows=_violations),
}


@require_safe
@access("operations.view")
def table(request: HttpRequest, name: str) -> HttpResponseBase:
    """One of TABLES as CSV."""
    if name not in TABLES:
        raise Http404
    return csv_file(name, TABLES[name].columns, TABLES[name].rows())
