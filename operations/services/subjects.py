"""What a probe looks at: which commit, whether its files are that commit's, and which
settings the product was started with."""

from __future__ import annotations

from dataclasses import dataclass, replace

from kernel import build, http
from kernel.build import Build
from kernel.registry import Measurement, Probe

ANSWER_SECONDS = 2.0


@dataclass(frozen=True)
class Subject:
    """`doubt` says, as the end of a sentence, why nothing seen of it can be bound to
    `commit`; "" where it can. `configuration` is a running product's digest of its
    settings."""

    commit: str
    configuration: str = ""
    doubt: str = ""


def subject_of(probe: Probe) -> Subject:
    """The web process that answers, or the tree, which a copy is started from."""
    mine = build.running()
    return _web(mine) if probe.about == "running" else _tree(mine)


def _tree(mine: Build) -> Subject:
    tree = build.look()
    if tree.commit != mine.commit:
        # A worker older than the tree measures new files with old code.
        return Subject(mine.commit, doubt="the tree moved; restart and repeat")
    return Subject(mine.commit, doubt=_doubt(tree))


def _web(mine: Build) -> Subject:
    try:
        answer = http.own("/health/live", timeout=ANSWER_SECONDS)
    except http.NoAnswer:
        return Subject(mine.commit, doubt="no web process answers")
    commit = answer.headers.get("x-rrr-commit", "")
    digest = answer.headers.get("x-rrr-configuration", "")
    if commit != mine.commit:
        # Probes of the worker's own settings would otherwise speak for another commit.
        doubt = "the web process runs another commit than its workers; restart"
    elif not digest:
        doubt = "the web process has another SECRET_KEY than its workers; restart"
    elif answer.headers.get("x-rrr-clean") != "true":
        doubt = "the tree differs from its commit"
    else:
        doubt = _doubt(mine)
    return Subject(mine.commit, digest, doubt)


def _doubt(tree: Build) -> str:
    if tree.proves:
        return ""
    return (
        f"nothing is bound to a commit: {tree.doubt or 'tracked files differ from it'}"
    )


def bound(
    probe: Probe, measured: Measurement, before: Subject, after: Subject
) -> Measurement:
    """The measurement, without a value where it is not about one and the same subject
    that proves something."""
    if measured.error:
        return measured
    reason = before.doubt or after.doubt
    if not reason and before != after:
        moved = "product was restarted" if probe.about == "running" else "tree moved"
        reason = f"the {moved}; restart and repeat"
    if not reason and measured.commit not in {"", after.commit}:
        reason = "two commits answered; restart"
    return replace(measured, value=None, error=reason) if reason else measured
