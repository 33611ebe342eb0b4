"""Response times and load, as the quick benchmark measured them on this machine: a copy
of the product on demo data, started for it and asked while nothing else of ours runs."""

from __future__ import annotations

from datetime import timedelta

from kernel import build
from kernel.registry import Measurement, Params, Weight, probe
from operations.domain import bench
from operations.domain.bench import Bench, NoBench
from operations.services import reports

FRESH = timedelta(days=365)
REPORT = "bench.json"
PERCENTILES = (50, 95, 99)


@probe(
    "latency",
    title="How long an answer takes",
    about="copy",
    freshness=FRESH,
    weight=Weight.HEAVY,
)
def latency(params: Params) -> Measurement:
    """Milliseconds by `percentile` (50, 95 or 99) of what is answered slowest, on at
    least 1,000 samples; what was answered with an error is measured by nobody."""
    percentile = int(params.get("percentile", "99"))
    if percentile not in PERCENTILES:
        raise ValueError("percentile is one of 50, 95, 99")
    measured = _read()
    if isinstance(measured, Measurement):
        return measured
    if measured.errors:
        return Measurement.uncollected(f"{measured.errors} answers were errors")
    name, milliseconds = measured.slowest(percentile)
    return Measurement(
        f"{milliseconds:.1f}",
        f"P{percentile} of {name}, the slowest of {len(measured.samples)}, "
        f"{measured.count:,} samples",
        "ms",
        facts={"slowest": name, "samples": str(measured.count)},
    )


@probe(
    "load",
    title="How many requests a second are answered without an error",
    about="copy",
    freshness=FRESH,
    weight=Weight.HEAVY,
)
def load(params: Params) -> Measurement:
    """Good answers a second over some seconds, for several people; 0 where there was
    one error."""
    measured = _read()
    if isinstance(measured, Measurement):
        return measured
    run = measured.load
    if run.seconds < bench.LEAST_SECONDS or run.people < bench.LEAST_PEOPLE:
        return Measurement.uncollected(
            f"a load of {run.seconds:.1f} s for {run.people} people is none"
        )
    said = f"{run.errors} of {sum(run.statuses.values()):,} answers were errors"
    return Measurement(
        f"{run.rate:.0f}",
        f"over {run.seconds:.0f} s, for {run.people} people; {said}",
        "requests/s",
        facts={"seconds": f"{run.seconds:.1f}", "people": str(run.people)},
    )


def _read() -> Bench | Measurement:
    content = reports.read(build.running().commit, REPORT)
    if content is None:
        reason = "there is no benchmark of this commit: `make evidence` runs it"
        return Measurement.uncollected(reason)
    try:
        return bench.read_bench(content)
    except NoBench as error:
        return Measurement.uncollected(str(error))
