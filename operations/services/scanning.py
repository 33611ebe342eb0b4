"""What tools say of the commit's code and of its packages, kept where it is asked for
later: `scans.json` with commit and time, beside the tools' own reports."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.conf import settings

from kernel.build import Build
from kernel.errors import ProductError
from kernel.registry import PROBES, Measurement
from operations.services import reports, vendored
from operations.services.pins import LOCK
from operations.services.sources import NotHere
from operations.services.tools import run_tool

SCANS = ("bandit", "pip_audit")
SUMMARY, SBOM = "scans.json", "sbom.json"
PRODUCT = "rrr-dashboard"


class ScanState(StrEnum):
    """`untold`: the tool is not here, or what it asks did not answer; that is no pass."""

    CLEAN = "clean"
    FAULTS = "faults"
    UNTOLD = "untold"


@dataclass(frozen=True)
class Scan:
    name: str
    state: ScanState
    detail: str


def scans() -> Iterator[Scan]:
    """Each scan as it ends."""
    for name in SCANS:
        try:
            yield _scan(name, PROBES[name].function({}))
        except (OSError, ProductError) as error:
            yield Scan(name, ScanState.UNTOLD, str(error))


def _scan(name: str, seen: Measurement) -> Scan:
    if seen.value is None:
        return Scan(name, ScanState.UNTOLD, seen.error)
    return Scan(
        name, ScanState.CLEAN if seen.value == "0" else ScanState.FAULTS, seen.detail
    )


def worst(states: Iterable[ScanState]) -> ScanState:
    order = list(ScanState)
    return max(states, key=order.index)


def keep(done: Iterable[Scan], of: Build, at: datetime) -> str:
    """Where it was written. Raises Invalid for a tree whose commit nobody knows."""
    summary = {
        "commit": of.commit,
        "tree_clean": of.clean,
        "at": at.isoformat(),
        "scans": [asdict(scan) for scan in done],
    }
    text = json.dumps(summary, indent=1).encode()
    return str(reports.keep(of.commit, SUMMARY, text))


def keep_parts(of: Build) -> tuple[str, int]:
    """A CycloneDX list of what the product is made of: the packages that the lock pins
    and those that ship as files, with their hashes, and the product with its version and
    commit. Where it is, and how many parts they are. Raises NotHere where the tool is not
    or wrote none, and where a file is not what it should be; Invalid as `keep`."""
    said = run_tool("cyclonedx_py", ["requirements", LOCK])
    try:
        parts = json.loads(said.output)
    except ValueError:
        raise NotHere(f"cyclonedx_py wrote no list: {said.errors[-300:]}") from None
    parts["components"] += vendored.components()
    parts["metadata"]["component"] = _product(of)
    parts["dependencies"] = [
        {
            "ref": PRODUCT,
            "dependsOn": sorted(part["bom-ref"] for part in parts["components"]),
        }
    ]
    text = json.dumps(parts, indent=1).encode()
    return str(reports.keep(of.commit, SBOM, text)), len(parts["components"])


def _product(of: Build) -> dict[str, Any]:
    return {
        "type": "application",
        "bom-ref": PRODUCT,
        "name": PRODUCT,
        "version": settings.RRR_VERSION,
        "licenses": [{"license": {"id": "MIT"}}],
        "properties": [
            {"name": "rrr:commit", "value": of.commit},
            {"name": "rrr:tree_clean", "value": str(of.clean).lower()},
        ],
    }
