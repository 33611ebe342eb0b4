"""Running probes: a Measurement becomes a ProbeResult, without judgement."""

from __future__ import annotations

import hashlib
import inspect
import json
import platform
import re
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from kernel import build, http
from kernel.build import Build
from kernel.cache import bump
from kernel.errors import NotFound, ProductError
from kernel.registry import PROBES, Measurement, Probe
from operations.models import JobRun, ProbeResult
from operations.queries import params_digest
from operations.services import catalogue, scheduler

RAW_KEPT = 64_000
# What reaching for the world may raise; anything else is a broken probe.
EXPECTED = (
    OSError,
    ValueError,
    LookupError,
    DatabaseError,
    ProductError,
    subprocess.SubprocessError,
    http.NoAnswer,
    http.Refused,
)
SECRET_WORDS = re.compile(
    rb"(?i)(authorization|token|secret|password|passphrase|api[_-]?key|cookie|session)"
    rb"(\"?\s*[:=]\s*\"?)((?:bearer |basic )?[^\s\",;]+)"
)


def request(name: str, params: Mapping[str, str]) -> JobRun:
    """A queued run of the probe with these params; see scheduler.request."""
    if name not in PROBES:
        raise NotFound(f"There is no probe named {name!r}.", code="not_found")
    key = params_digest(params) if params else ""
    return scheduler.request(catalogue.job_of_probe(name), key, params)


def run(
    name: str, params: Mapping[str, str], job_run: UUID | None = None
) -> ProbeResult:
    """Measure now and append the result; a failure to measure is a result too.

    Raises what a broken probe raises, after its result was written.
    """
    probe = PROBES[name]
    started = timezone.now()
    before = _subject(probe)
    try:
        measured = probe.function(params)
    except EXPECTED as error:
        measured = Measurement.uncollected(_reason(error))
    except Exception as error:
        broken = Measurement.uncollected(f"the probe broke: {_reason(error)}")
        _store(probe, params, broken, before, started, job_run)
        raise
    return _store(probe, params, measured, before, started, job_run)


def _store(
    probe: Probe,
    params: Mapping[str, str],
    measured: Measurement,
    before: Build,
    started: datetime,
    job_run: UUID | None,
) -> ProbeResult:
    after = _subject(probe)
    if before != after and not measured.error:
        moved = "tree moved" if probe.about == "files" else "product was restarted"
        measured = replace(
            measured, value=None, error=f"the {moved}; restart and repeat"
        )
    commit = measured.commit or after.commit
    if measured.commit and measured.commit != after.commit and not measured.error:
        measured = replace(measured, value=None, error="two commits answered; restart")
    result = ProbeResult.objects.create(
        name=probe.name,
        params=dict(params),
        params_digest=params_digest(params),
        definition=_definition(probe, params),
        about=probe.about,
        commit=commit,
        tree_clean=after.clean,
        environment=settings.RRR_ENV,
        host=platform.node(),
        value=measured.value,
        unit=measured.unit,
        detail=measured.detail,
        facts=dict(measured.facts),
        error=measured.error,
        started_at=started,
        observed_at=timezone.now(),
        raw_sha256=hashlib.sha256(measured.raw).hexdigest() if measured.raw else "",
        raw=redacted(measured.raw)[:RAW_KEPT],
        run=job_run,
    )
    bump(catalogue.TAG)
    return result


def _subject(probe: Probe) -> Build:
    """The build that is looked at: the tree for files, and else the web process'
    that answers, or, when none does, our own."""
    if probe.about == "files":
        now = build.look()
        mine = build.running()
        # A worker older than the tree measures new files with old code.
        return now if now.commit == mine.commit else Build(build.UNKNOWN, clean=False)
    try:
        answer = http.own("/health/live", timeout=2)
    except http.NoAnswer:
        return build.running()
    commit = answer.headers.get("x-rrr-commit")
    if not commit:
        return build.running()
    web = Build(commit, clean=answer.headers.get("x-rrr-clean") == "true")
    # Probes of the worker's own settings would otherwise speak for another commit.
    return web if commit == build.running().commit else replace(web, clean=False)


def _definition(probe: Probe, params: Mapping[str, str]) -> str:
    """SHA-256 of what is run: name, params and the probe's source."""
    try:
        source = inspect.getsource(inspect.getmodule(probe.function) or probe.function)
    except (OSError, TypeError):
        source = ""
    whole = json.dumps([probe.name, dict(params), source], sort_keys=True)
    return hashlib.sha256(whole.encode()).hexdigest()


def redacted(raw: bytes) -> bytes:
    """The output without the values of our own secrets and of what looks like one."""
    values = [settings.SECRET_KEY, settings.JWT_SECRET, settings.METRICS_TOKEN]
    values += [settings.DEMO_PASSWORD, settings.FIELD_KEY]
    values += [*settings.EXTERNAL_KEYS.values()]
    for value in values:
        if len(value) >= 6:
            raw = raw.replace(value.encode(), b"[redacted]")
    return SECRET_WORDS.sub(rb"\1\2[redacted]", raw)


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:500]
