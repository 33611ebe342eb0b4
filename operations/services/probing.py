"""Running probes: a Measurement becomes a ProbeResult, without judgement."""

from __future__ import annotations

import hashlib
import inspect
import json
import platform
import subprocess
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from kernel import http
from kernel.cache import bump
from kernel.errors import NotFound, ProductError, said_by
from kernel.redaction import BLANK, without_secrets
from kernel.registry import PROBES, Measurement, Probe, Weight
from operations.domain.board import ProbeState, probe_state
from operations.models import Job, JobRun, ProbeResult
from operations.queries import params_digest
from operations.services import catalogue, scheduler
from operations.services.subjects import bound, subject_of

RAW_KEPT = 64_000
FAILING_AGAIN = timedelta(minutes=10)
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


def request(name: str, params: Mapping[str, str]) -> JobRun:
    """A queued run of the probe with these params; see scheduler.request."""
    if name not in PROBES:
        raise NotFound(f"There is no probe named {name!r}.", code="not_found")
    key = params_digest(params) if params else ""
    return scheduler.request(catalogue.job_of_probe(name), key, params)


def under_way(name: str, params: Mapping[str, str]) -> bool:
    """Whether the probe is being asked just now. A long one would otherwise be asked
    again, and again, while it measures."""
    key = params_digest(params) if params else ""
    return JobRun.objects.filter(
        job__name=catalogue.job_of_probe(name), key=key, state=JobRun.State.RUNNING
    ).exists()


def run(
    name: str, params: Mapping[str, str], job_run: UUID | None = None
) -> ProbeResult:
    """Measure now and append the result; a failure to measure is a result too.

    Raises what a broken probe raises, after its result was written.
    """
    probe = PROBES[name]
    started, before = timezone.now(), subject_of(probe)
    broken: Exception | None = None
    try:
        measured = probe.function(params)
    except EXPECTED as error:
        measured = Measurement.uncollected(_reason(error))
    except Exception as error:  # noqa: BLE001 - raised again below
        measured = Measurement.uncollected(f"the probe broke: {_reason(error)}")
        broken = error
    after = subject_of(probe)
    seen = bound(probe, measured, before, after)
    result = ProbeResult.objects.create(
        **_columns(seen),
        name=probe.name,
        params=dict(params),
        params_digest=params_digest(params),
        definition=_definition(probe, params),
        about=probe.about,
        commit=after.commit,
        tree_clean=not after.doubt,
        environment=settings.RRR_ENV,
        configuration=after.configuration,
        host=platform.node(),
        started_at=started,
        observed_at=timezone.now(),
        run=job_run,
    )
    _looked_at_again(probe, result)
    bump(catalogue.TAG)
    if broken is not None:
        raise broken
    return result


def _looked_at_again(probe: Probe, result: ProbeResult) -> None:
    """What fails by its schedule is looked at again soon: what was mended, or had only
    not begun at a start, shall not stand there as failing for hours."""
    failing = probe_state(result.value, result.unit) is ProbeState.FAILING
    if not failing or result.params or probe.weight == Weight.HEAVY:
        return
    soon = result.observed_at + FAILING_AGAIN
    job = Job.objects.filter(name=catalogue.job_of_probe(probe.name), paused_at=None)
    job.exclude(schedule="").filter(next_due__gt=soon).update(next_due=soon)


def measurement_of(result: ProbeResult) -> Measurement:
    """What was measured, as it is judged."""
    return Measurement(
        value=result.value,
        detail=result.detail,
        unit=result.unit,
        facts=result.facts,
        commit=result.commit,
        error=result.error,
    )


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


def _definition(probe: Probe, params: Mapping[str, str]) -> str:
    """SHA-256 of what is run: name, params and the probe's source."""
    try:
        source = inspect.getsource(inspect.getmodule(probe.function) or probe.function)
    except (OSError, TypeError):
        source = ""
    whole = json.dumps([probe.name, dict(params), source], sort_keys=True)
    return hashlib.sha256(whole.encode()).hexdigest()


def redacted(raw: bytes) -> bytes:
    """The output without what is secret, the demo's password too."""
    text = without_secrets(raw.decode(errors="surrogateescape"))
    if settings.DEMO_PASSWORD:
        text = text.replace(settings.DEMO_PASSWORD, BLANK)
    return text.encode(errors="surrogateescape")


def _reason(error: Exception) -> str:
    return said_by(error)[:500]
