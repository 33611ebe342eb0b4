"""Reading what probes saw, for whoever judges it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

import rfc8785
from django.db.models import Max, Q, QuerySet

from operations.models import ProbeResult

Key = tuple[str, str]  # the probe's name and the digest of its params


def params_digest(params: Mapping[str, str]) -> str:
    """SHA-256 (hex) of the canonical JSON of the params; {} has one too."""
    return hashlib.sha256(rfc8785.dumps(dict(params))).hexdigest()


def latest_results(
    probes: Iterable[tuple[str, Mapping[str, str]]],
    commit: str,
    environment: str,
    configuration: str = "",
) -> dict[Key, ProbeResult]:
    """{(name, params digest): newest result} about exactly this commit, one query.

    Values of a tree that differed from its commit never count. Those of a running
    product count for its own environment and, where `configuration` is named, for
    the settings with that digest only; those of files count for all. That something
    could not be measured always counts. What this product did not measure is none.
    """
    keys = {(name, params_digest(params)) for name, params in probes}
    if not keys:
        return {}
    here = Q(environment=environment)
    measured = Q(tree_clean=True)
    if configuration:
        measured &= Q(configuration=configuration) | ~Q(about="running")
    rows = ProbeResult.objects.filter(
        here | Q(about="files"), measured | ~Q(error=""), commit=commit
    )
    rows = rows.filter(
        name__in={name for name, _ in keys},
        params_digest__in={digest for _, digest in keys},
    )
    newest = newest_by_key(rows)
    return {key: row for key, row in newest.items() if key in keys and row.is_sealed}


def newest_by_key(rows: QuerySet[ProbeResult]) -> dict[Key, ProbeResult]:
    """The newest of each (name, params), newest first, without the raw output: the
    database finds the newest of each commit and environment, which are few."""
    keys = ("name", "params_digest", "commit", "environment", "about", "configuration")
    newest = rows.order_by().values(*keys).annotate(last=Max("pk")).values("last")
    results = ProbeResult.objects.filter(pk__in=newest).defer("raw")
    by_key: dict[Key, ProbeResult] = {}
    for result in results.order_by("-observed_at", "-pk"):
        by_key.setdefault((result.name, result.params_digest), result)
    return by_key
