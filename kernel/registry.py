"""What apps register and the floors below look up: probes, jobs, markers, names.

The only inversion in the house: operations runs probes and jobs of apps it does
not know. `operations.apps` fills this by importing each app's `probes`, `jobs`
and `markers` modules (a package: all its submodules).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

SEPARATORS = re.compile("[-_.]")  # of the words in a name
UNSET = "unset"  # the fact that names settings without which nothing is measured


@dataclass(frozen=True)
class Measurement:
    """What a probe saw, without judgement.

    `value` is text (numbers as plain strings); for a yes/no probe it is the
    number of faults found ("0" is clean). `detail` is one sentence for people.
    `facts` is kept with the result. `commit` is the commit of the process or
    tree that was looked at. `error` says why nothing could be measured; then
    `value` is None and the result is neither pass nor fail.
    """

    value: str | None
    detail: str
    unit: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    commit: str = ""
    error: str = ""
    raw: bytes = b""

    @classmethod
    def of_faults(
        cls,
        faults: Sequence[str],
        clean: str,
        *,
        facts: Mapping[str, str] | None = None,
        commit: str = "",
        raw: bytes | None = None,
    ) -> Measurement:
        """A yes/no probe's: how many faults, and the first 20 in words; `clean` says
        what was looked at when there is none."""
        return cls(
            value=str(len(faults)),
            detail="; ".join(faults[:20]) or clean,
            unit="faults",
            facts=facts or {},
            commit=commit,
            raw="\n".join(faults).encode() if raw is None else raw,
        )

    @classmethod
    def uncollected(cls, reason: str) -> Measurement:
        """Nothing could be measured, which is neither pass nor fail."""
        return cls(value=None, detail="could not collect", error=reason)

    @classmethod
    def unset(cls, *settings: str, why: str = "") -> Measurement:
        """Nothing could be measured, for these settings are empty; `why` says more."""
        verb = "is" if len(settings) == 1 else "are"
        reason = f"{', '.join(settings)} {verb} not set{f': {why}' if why else ''}"
        return cls(
            value=None,
            detail="could not collect",
            error=reason,
            facts={UNSET: ", ".join(settings)},
        )


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A mail to one person, delivered at least once. `about` and `kind` say what it
    tells, so that nobody is told twice. A `secret` body, which lets its reader in, is
    forgotten once it has been sent."""

    kind: str
    about: str
    recipient: str
    address: str
    subject: str
    body: str
    secret: bool = False


@dataclass(frozen=True, kw_only=True)
class OutageNote:
    """What somebody noted of an outage of the database outside of it: since when, and
    in words who was told. `looks`: they still look, and would know if it were over."""

    since: datetime
    told: str = ""
    looks: bool = False


Params = Mapping[str, str]
ProbeFunction = Callable[[Params], Measurement]
JobFunction = Callable[[Params], str]
MarkerFunction = Callable[[str], dict[str, str]]
BlobNames = Callable[[str], set[str]]
RecordCheck = Callable[[datetime], Iterator[str]]


class Weight(StrEnum):
    """Who runs a probe: the workers of the probes within 10 s; the heavy worker, one at
    a time, within 180 s; or only `make evidence`, because the product stands still
    for it."""

    QUICK = "quick"
    LONG = "long"
    HEAVY = "heavy"


@dataclass(frozen=True)
class Probe:
    """A named measurement. `about` is "running" (counts for reviews of its own
    environment, and for the settings that the product was started with), "copy" (of
    this commit, started for the measurement: for its own environment, whatever runs
    beside it) or "files" (counts for every environment of its commit)."""

    name: str
    function: ProbeFunction
    title: str
    about: str = "running"
    freshness: timedelta = timedelta(hours=24)
    every: timedelta | None = None
    weight: Weight = Weight.QUICK


@dataclass(frozen=True)
class JobSpec:
    """A named job; `title` is what people call it. `schedule` is "every 10m", "daily 02:00 UTC" or "" (on request);
    `follows` names what it is asked for after a change of (operations'
    `scheduler.request_following`). `goes_on` says why nobody may pause it; "" for one
    that may rest.

    The function takes the run's params and returns one sentence for people;
    it must be idempotent, for a run may be repeated after a crash.
    """

    name: str
    function: JobFunction
    schedule: str = ""
    grace: timedelta = timedelta(minutes=5)
    timeout: timedelta = timedelta(minutes=10)
    queue: str = "heavy"
    follows: tuple[str, ...] = ()
    title: str = ""
    goes_on: str = ""


PROBES: dict[str, Probe] = {}
JOBS: dict[str, JobSpec] = {}
MARKERS: dict[str, MarkerFunction] = {}
BLOB_NAMES: list[BlobNames] = []
RECORD_CHECKS: list[RecordCheck] = []
POST_OFFICES: list[Callable[[Letter], None]] = []
OUTAGE_NOTES: list[Callable[[], OutageNote | None]] = []
ACTOR_NAMES: list[Callable[[set[str]], dict[str, str]]] = []
EXPORT_COUNTERS: list[Callable[[Any], None]] = []


def probe(
    name: str,
    *,
    title: str,
    about: str = "running",
    freshness: timedelta = timedelta(hours=24),
    every: timedelta | None = None,
    weight: Weight = Weight.QUICK,
) -> Callable[[ProbeFunction], ProbeFunction]:
    """Register a probe; `every` schedules it, else it runs on request only."""

    def register(function: ProbeFunction) -> ProbeFunction:
        _only_once(PROBES, name)
        PROBES[name] = Probe(
            name=name,
            function=function,
            title=title,
            about=about,
            freshness=freshness,
            every=every,
            weight=weight,
        )
        return function

    return register


def probe_title(name: str) -> str:
    """What people call a probe; of one that this product does not have, its name as
    people write."""
    known = PROBES.get(name)
    return known.title if known else SEPARATORS.sub(" ", name)


def job_title(name: str) -> str:
    """What people call a job; of one that this product does not have, its name as
    people write."""
    known = JOBS.get(name)
    return known.title if known and known.title else SEPARATORS.sub(" ", name)


def job(
    name: str,
    *,
    title: str,
    schedule: str = "",
    grace: timedelta = timedelta(minutes=5),
    timeout: timedelta = timedelta(minutes=10),
    queue: str = "heavy",
    follows: tuple[str, ...] = (),
    goes_on: str = "",
) -> Callable[[JobFunction], JobFunction]:
    """Register a job; see JobSpec."""

    def register(function: JobFunction) -> JobFunction:
        _only_once(JOBS, name)
        JOBS[name] = JobSpec(
            name=name,
            function=function,
            schedule=schedule,
            grace=grace,
            timeout=timeout,
            queue=queue,
            follows=follows,
            title=title,
            goes_on=goes_on,
        )
        return function

    return register


def marker(name: str) -> Callable[[MarkerFunction], MarkerFunction]:
    """Register a function of a database alias that returns {name: text}; it is
    taken at backup time and compared on the restored copy."""

    def register(function: MarkerFunction) -> MarkerFunction:
        _only_once(MARKERS, name)
        MARKERS[name] = function
        return function

    return register


def blob_names(function: BlobNames) -> BlobNames:
    """Register a function of a database alias: the digests of the files (kernel.blobs)
    that its rows name. A backup holds these files, and counts them in its marker."""
    BLOB_NAMES.append(function)
    return function


def named_blobs(alias: str) -> set[str]:
    """The digests of all files that rows of this database name."""
    return set().union(*(function(alias) for function in BLOB_NAMES))


def record_check(function: RecordCheck) -> RecordCheck:
    """Register a function of a moment: which rows say something else than their events
    do, one sentence each."""
    RECORD_CHECKS.append(function)
    return function


def post(letter: Letter) -> None:
    """Hand a letter to whoever delivers, in the transaction of what it tells."""
    for office in POST_OFFICES:
        office(letter)


def actor_names(actors: set[str]) -> dict[str, str]:
    """{"p:7": "developer"} for as many of the actors as somebody can name."""
    names: dict[str, str] = {}
    for resolve in ACTOR_NAMES:
        names.update(resolve(actors))
    return names


def count_export(request: Any) -> None:
    """Tell whoever limits what one person takes away in files. They may refuse it."""
    for count in EXPORT_COUNTERS:
        count(request)


def _only_once(table: Mapping[str, object], name: str) -> None:
    if name in table:
        raise ValueError(f"{name} is registered twice")
