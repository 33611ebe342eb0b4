"""One word and one tone a state: rows, filters, chips and meters take them from here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from readiness.domain.state import ItemState


@dataclass(frozen=True)
class StateWord:
    """What people call a state; `tone` colours it, "" is neutral."""

    word: str
    tone: str = ""


STATES: Mapping[str, StateWord] = {
    ItemState.FAILED: StateWord("Failed", "crit"),
    ItemState.UNCLAIMED: StateWord("Open"),
    ItemState.CLAIMED: StateWord("Claimed"),
    ItemState.STALE: StateWord("Out of date", "warn"),
    ItemState.WAIVED: StateWord("Waived", "info"),
    ItemState.PROVEN: StateWord("Proven", "ok"),
    ItemState.NOT_APPLICABLE: StateWord("Not applicable"),
    ItemState.OPEN: StateWord("Open"),
    ItemState.SIGNED: StateWord("Signed", "ok"),
    ItemState.VOID: StateWord("Void", "warn"),
    ItemState.DONE: StateWord("Done", "ok"),
    ItemState.OVERDUE: StateWord("Overdue", "crit"),
}
