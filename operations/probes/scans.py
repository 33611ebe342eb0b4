"""Scans of the commit: known weaknesses in the code, known ones in its packages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from packaging.utils import canonicalize_name

from kernel.display import plural
from kernel.registry import Measurement, Params, Weight, probe
from operations.services.pins import LOCK, pinned
from operations.services.sources import product_files
from operations.services.tools import Said, run_tool

FRESH = timedelta(days=365)
OF_WEIGHT = {"MEDIUM", "HIGH"}


class NotWritten(ValueError):
    """The tool did not write the report that it was asked for; the text is its word."""


@probe(
    "bandit",
    title="The code has no known weakness of weight",
    about="files",
    freshness=FRESH,
    weight=Weight.HEAVY,
)
def bandit(params: Params) -> Measurement:
    """Counts findings of medium or high severity, files that could not be read, and
    files that ship and were not looked at."""
    files = product_files()
    arguments = ["-q", "-f", "json", *files]
    report = _report(run_tool("bandit", arguments, report="bandit.json"))
    faults = [
        f"{finding['filename']}:{finding['line_number']}: {finding['test_id']} "
        f"{finding['issue_text']}"
        for finding in report["results"]
        if finding["issue_severity"] in OF_WEIGHT
    ]
    faults += [f"{gone['filename']}: {gone['reason']}" for gone in report["errors"]]
    seen = {name.removeprefix("./") for name in report["metrics"]}
    faults += [f"{name} is looked at by nobody" for name in files if name not in seen]
    totals = report["metrics"].get("_totals", {})
    # `# nosec`, and `# nosec B608` that names what it excepts.
    allowed = totals.get("nosec", 0) + totals.get("skipped_tests", 0)
    return Measurement.of_faults(
        faults,
        f"{plural(len(files), 'file')}, nothing of weight; "
        f"{plural(allowed, 'line')} excepted",
        facts={"files": str(len(files)), "excepted": str(allowed)},
    )


@probe(
    "pip_audit",
    title="No pinned package has a known vulnerability",
    about="files",
    freshness=FRESH,
    weight=Weight.HEAVY,
)
def pip_audit(params: Params) -> Measurement:
    """Counts known vulnerabilities of the packages of requirements.txt, and packages
    that the advisory database was not asked about. Without that database nothing is
    measured."""
    arguments = [
        "--strict",
        "-r",
        LOCK,
        "--disable-pip",
        "--require-hashes",
        "-f",
        "json",
    ]
    arguments += ["--progress-spinner", "off"]
    try:
        report = _report(run_tool("pip_audit", arguments, report="pip-audit.json"))
    except NotWritten as error:
        return Measurement.uncollected(f"the advisory database did not answer: {error}")
    return Measurement.of_faults(
        list(_vulnerable(report["dependencies"])),
        f"{len(report['dependencies'])} packages, no known vulnerability",
    )


def _vulnerable(packages: list[Mapping[str, Any]]) -> Iterator[str]:
    asked = {}
    for package in packages:
        name = canonicalize_name(package["name"])
        if reason := package.get("skip_reason"):
            yield f"{name} was left out: {reason}"
            continue
        asked[name] = package["version"]
        for known in package.get("vulns", ()):
            yield f"{name} {package['version']}: {known['id']}"
    for requirement in pinned(LOCK):
        version = asked.get(canonicalize_name(requirement.name))
        if version is None or version not in requirement.specifier:
            yield f"{requirement.name} was not asked about in its version"


def _report(said: Said) -> Any:
    try:
        return json.loads(said.output)
    except ValueError:
        text = re.sub(r"\s+", " ", said.errors or said.output).strip()
        raise NotWritten(text[-200:] or f"exit {said.status}") from None
