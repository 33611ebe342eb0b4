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
from typing import Any
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
    started, before = timezone.now(), _subject(probe)
    broken: Exception | None = None
    try:
        measured = probe.function(params)
    except EXPECTED as error:
        measured = Measurement.uncollected(_reason(error))
    except Exception as error:  # noqa: BLE001 - raised again below
        measured = Measurement.uncollected(f"the probe broke: {_reason(error)}")
        broken = error
    after = _subject(probe)
    result = ProbeResult.objects.create(
        **_columns(_unless_moved(probe, measured, before, after)),
        name=probe.name,
        params=dict(params),
        params_digest=params_digest(params),
        definition=_definition(probe, params),
        about=probe.about,
        commit=measured.commit or after.commit,
        tree_clean=after.clean,
        environment=settings.RRR_ENV,
        host=platform.node(),
        started_at=started,
        observed_at=timezone.now(),
        run=job_run,
    )
    bump(catalogue.TAG)
    if broken is not None:
        raise broken
    return result


def _unless_moved(
    probe: Probe, measured: Measurement, before: Build, after: Build
) -> Measurement:
    """The measurement, without a value when it is not about one and the same build."""
    if measured.error:
        return measured
    if before != after:
        moved = "tree moved" if probe.about == "files" else "product was restarted"
        reason = f"the {moved}; restart and repeat"
    elif measured.commit and measured.commit != after.commit:
        reason = "two commits answered; restart"
    else:
        return measured
    return replace(measured, value=None, error=reason)


def _columns(measured: Measurement) -> dict[str, Any]:
    """What a result keeps of a measurement; the raw output without secrets."""
    raw = measured.raw
    return {
        "value": measured.value,
        "unit": measured.unit,
        "detail": measured.detail,
        "facts": dict(measured.facts),
        "error": measured.error,
        "raw_sha256": hashlib.sha256(raw).hexdigest() if raw else "",
        "raw": redacted(raw)[:RAW_KEPT],
    }


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
    values += [settings.DEMO_PASSWORD, settings.FIELD_KEY, settings.DATABASE_PASSWORD]
    values += [settings.BACKUP_KEY, *settings.EXTERNAL_KEYS.values()]
    for value in values:
        if len(value) >= 6:
            raw = raw.replace(value.encode(), b"[redacted]")
    return SECRET_WORDS.sub(rb"\1\2[redacted]", raw)


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:500]
