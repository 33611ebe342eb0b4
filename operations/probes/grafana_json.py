"""Grafana dashboards as files, against what /metrics really shows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from prometheus_client.parser import text_string_to_metric_families

from kernel import http
from kernel.registry import Measurement, Params, probe

FOLDER = Path("monitoring") / "grafana"
SUFFIXES = {
    "counter": ("_total", "_created"),
    "histogram": ("_bucket", "_sum", "_count", "_created"),
    "summary": ("_sum", "_count", "_created"),
}
# What in an expression is no metric: labels, texts, durations, groupings.
NO_METRIC = re.compile(
    r"\{[^}]*\}|\"[^\"]*\"|\[[^\]]*\]|\b(?:by|without|on|ignoring|group_left|group_right)"
    r"\s*\([^)]*\)"
)
NAME = re.compile(r"\b[a-zA-Z_:][a-zA-Z0-9_:]*\b(?!\s*\()")
WORDS = frozenset({"and", "or", "unless", "bool", "offset", "inf", "nan"})
Panel = Mapping[str, Any]


@probe(
    "grafana_json",
    title="Every metric that a Grafana panel names exists",
    freshness=timedelta(days=30),
    every=timedelta(hours=6),
)
def grafana_json(params: Params) -> Measurement:
    """Counts dashboards that cannot be read, panels that ask nothing, and metrics that
    /metrics does not show."""
    files = sorted((settings.BASE_DIR / FOLDER).glob("**/*.json"))
    shown = _shown()
    faults = [] if files else [f"there is no dashboard in {FOLDER}"]
    panels = 0
    for path in files:
        try:
            dashboard = json.loads(path.read_text(encoding="utf-8"))
            drawn = list(_panels(dashboard["panels"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            faults.append(f"{path.name} is no dashboard: {type(error).__name__}")
            continue
        panels += len(drawn)
        if not drawn or not dashboard.get("title"):
            faults.append(f"{path.name} has no title, or no panel")
        for panel in drawn:
            where = f"{path.name}, {panel.get('title', 'a panel without a title')}"
            faults += [f"{where}: {fault}" for fault in _of_panel(panel, shown)]
    return Measurement.of_faults(
        faults,
        f"{len(files)} dashboards with {panels} panels; all metrics they name exist",
        facts={"panels": str(panels)},
    )


def _shown() -> set[str]:
    """Every name that a query could use, of families without samples too."""
    answer = http.own(
        "/metrics", headers={"Authorization": f"Bearer {settings.METRICS_TOKEN}"}
    )
    if answer.status != 200:
        raise LookupError(f"/metrics answers {answer.status} to its own token")
    names: set[str] = set()
    for family in text_string_to_metric_families(answer.body.decode()):
        names |= {family.name} | {sample.name for sample in family.samples}
        names |= {family.name + suffix for suffix in SUFFIXES.get(family.type, ())}
    return names


def _panels(panels: Any) -> Iterator[Panel]:
    """All that draw something, those inside of rows too."""
    for panel in panels:
        if panel.get("type") == "row":
            yield from _panels(panel.get("panels", []))
        elif panel.get("type") != "text":
            yield panel


def _of_panel(panel: Panel, shown: set[str]) -> Iterator[str]:
    queries = [str(target.get("expr", "")) for target in panel.get("targets", [])]
    if not any(query.strip() for query in queries):
        yield "it asks nothing"
    for query in queries:
        named = metrics_in(query)
        if query.strip() and not named:
            yield f"{query!r} names no metric"
        yield from (f"{name} does not exist" for name in named if name not in shown)


def metrics_in(query: str) -> list[str]:
    """The metrics that a PromQL expression names, in its order."""
    bare = NO_METRIC.sub(" ", query)
    return [name for name in NAME.findall(bare) if name.lower() not in WORDS]
