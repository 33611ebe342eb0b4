"""What the API answers about operations, and what its pages read: declared once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from kernel.schema import Answer
from operations.domain.alerting import Severity
from operations.domain.board import JobState, ProbeState
from operations.domain.health import HealthCheck
from operations.domain.rules import OVER_MS
from operations.models import Alert, Backup, JobRun, Rule, Silence
from operations.queries.jobs import JobLine
from operations.queries.probes import ProbeLine

VALUE = (
    "as last seen; null: no value. Of latency-p95 the bound in ms that 95 % stay "
    f"under, {OVER_MS} above the last bound"
)


@dataclass(frozen=True, kw_only=True)
class AlertAnswer(Answer):
    """One trouble from its first sign to its end."""

    id: UUID
    rule: str
    target: str
    severity: Severity
    state: Alert.State
    value: Annotated[Decimal | None, VALUE]
    value_at: Annotated[datetime | None, "when that was read; null: never"]
    threshold: Decimal | None
    started_at: datetime
    fired_at: Annotated[datetime | None, "null: it never lasted long enough"]
    resolved_at: datetime | None
    acknowledged_by: Annotated[str | None, "a person's name"]
    acknowledged_at: datetime | None
    silenced_until: Annotated[datetime | None, "nobody is told of it until then"]

    @classmethod
    def of(cls, alert: Alert, silence: Silence | None) -> AlertAnswer:
        """`silence` is the one that covers it now."""
        person = alert.acknowledged_by
        return cls(
            id=alert.uid,
            rule=alert.rule,
            target=alert.target,
            severity=Severity(alert.severity),
            state=Alert.State(alert.state),
            value=alert.value,
            value_at=alert.last_data_at,
            threshold=alert.threshold,
            started_at=alert.pending_at,
            fired_at=alert.fired_at,
            resolved_at=alert.resolved_at,
            acknowledged_by=person.username if person else None,
            acknowledged_at=alert.acknowledged_at,
            silenced_until=silence.ends_at if silence else None,
        )


@dataclass(frozen=True, kw_only=True)
class AlertList(Answer):
    alerts: list[AlertAnswer]
    next_cursor: str | None


@dataclass(frozen=True, kw_only=True)
class SilenceAnswer(Answer):
    """For a while nobody is told of a rule, which is looked at and fires as before."""

    id: UUID
    rule: str
    target: Annotated[str, '"": every target of the rule']
    reason: str
    by: Annotated[str | None, "a person's name"]
    begun_at: datetime
    ends_at: Annotated[datetime, "a day after it began at the latest"]
    ended_at: Annotated[datetime | None, "null: it was not ended yet"]
    ended_by: Annotated[str | None, "a person's name; null: it ended by its time"]

    @classmethod
    def of(cls, silence: Silence) -> SilenceAnswer:
        return cls(
            id=silence.uid,
            rule=silence.rule,
            target=silence.target,
            reason=silence.reason,
            by=silence.by.username if silence.by else None,
            begun_at=silence.begun_at,
            ends_at=silence.ends_at,
            ended_at=silence.ended_at,
            ended_by=silence.ended_by.username if silence.ended_by else None,
        )


@dataclass(frozen=True, kw_only=True)
class SilenceList(Answer):
    silences: list[SilenceAnswer]
    next_cursor: str | None


@dataclass(frozen=True, kw_only=True)
class RuleAnswer(Answer):
    """A threshold that people may change; `revision` is what a PATCH names."""

    name: str
    title: str
    severity: Severity
    threshold: Decimal
    unit: str
    for_seconds: Annotated[int, "how long it must be crossed before the alert fires"]
    enabled: bool
    revision: int

    @classmethod
    def of(cls, rule: Rule) -> RuleAnswer:
        return cls(
            name=rule.name,
            title=rule.title,
            severity=Severity(rule.severity),
            threshold=rule.threshold,
            unit=rule.unit,
            for_seconds=rule.for_seconds,
            enabled=rule.enabled,
            revision=rule.revision,
        )


@dataclass(frozen=True, kw_only=True)
class RuleList(Answer):
    rules: list[RuleAnswer]
    next_cursor: str | None


@dataclass(frozen=True, kw_only=True)
class BackupAnswer(Answer):
    """One copy of the database; `sha256` is of the file. `sealed`: only who has the
    key reads it; null while there is no file."""

    id: str
    engine: str
    status: Backup.Status
    started_at: datetime
    finished_at: datetime | None
    bytes: int | None
    sha256: str
    sealed: bool | None
    error: str

    @classmethod
    def of(cls, backup: Backup) -> BackupAnswer:
        return cls(
            id=backup.uid.hex,
            engine=backup.engine,
            status=Backup.Status(backup.status),
            started_at=backup.started_at,
            finished_at=backup.finished_at,
            bytes=backup.bytes,
            sha256=backup.sha256,
            sealed=bool(backup.key_id) if backup.sha256 else None,
            error=backup.error,
        )


@dataclass(frozen=True, kw_only=True)
class BackupList(Answer):
    backups: list[BackupAnswer]
    next_cursor: str | None


@dataclass(frozen=True, kw_only=True)
class JobAnswer(Answer):
    """A named piece of work; `error` is that of its last run."""

    name: str
    schedule: Annotated[str, '"every 10m", "daily 02:00 UTC", or "" (on request)']
    next_due: datetime | None
    last_ok: datetime | None
    consecutive_failures: int
    state: JobState
    error: str
    paused_until: Annotated[datetime | None, "null: its schedule is kept"]
    paused_by: Annotated[str | None, "a person's name"]
    pause_reason: str

    @classmethod
    def of(cls, line: JobLine) -> JobAnswer:
        person = line.job.paused_by
        return cls(
            name=line.job.name,
            schedule=line.job.schedule,
            next_due=line.job.next_due,
            last_ok=line.job.last_ok,
            consecutive_failures=line.job.consecutive_failures,
            state=line.state,
            error=line.last.error if line.last else "",
            paused_until=line.job.paused_until,
            paused_by=person.username if person else None,
            pause_reason=line.job.pause_reason,
        )


@dataclass(frozen=True, kw_only=True)
class JobList(Answer):
    jobs: list[JobAnswer]
    next_cursor: str | None


@dataclass(frozen=True, kw_only=True)
class ProbeAnswer(Answer):
    """The newest result of a probe and its params. One that never ran has null or
    nothing where its result would be."""

    name: str
    title: str
    params: Mapping[str, str]
    state: ProbeState
    value: Annotated[str | None, "null: not measured; `error` says why"]
    unit: str
    detail: str
    error: str
    commit: str | None
    observed_at: datetime | None
    every: Annotated[str, '"10m", or "on request"']

    @classmethod
    def of(cls, line: ProbeLine) -> ProbeAnswer:
        result = line.result
        return cls(
            name=line.name,
            title=line.title,
            params=dict(line.params),
            state=line.state,
            value=result.value if result else None,
            unit=result.unit if result else "",
            detail=result.detail if result else "",
            error=result.error if result else "",
            commit=result.commit if result else None,
            observed_at=result.observed_at if result else None,
            every=line.every,
        )


@dataclass(frozen=True, kw_only=True)
class ProbeList(Answer):
    probes: list[ProbeAnswer]
    next_cursor: str | None


@dataclass(frozen=True, kw_only=True)
class QueuedRun(Answer):
    """A run that a worker will do; asking again answers the one already queued."""

    run: UUID
    state: JobRun.State

    @classmethod
    def of(cls, run: JobRun) -> QueuedRun:
        return cls(run=run.uid, state=JobRun.State(run.state))


def health_check(check: HealthCheck, at: datetime) -> dict[str, Any]:
    """One check as application/health+json has it: a figure only where there is one."""
    answer = {
        "status": check.status,
        "time": at.replace(microsecond=0),
        "output": check.detail,
    }
    if check.observed:
        answer |= {"observedValue": check.observed, "observedUnit": check.unit}
    return answer
