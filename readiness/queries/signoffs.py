"""The sign-off panel: the policy's roles in their order and how each stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from readiness.domain.state import Meter
from readiness.queries.board import Board


@dataclass(frozen=True)
class Line:
    """One role: `tone`, `icon` and `words` make its chip, `note` says more."""

    role: str
    group: str
    tone: str
    icon: str
    words: str
    note: str

    @property
    def initials(self) -> str:
        first, _, second = self.role.partition(" ")
        return (first[:1] + (second[:1] or first[1:2])).upper()


@dataclass(frozen=True)
class Panel:
    """`complete`: every role has its valid signatures, none of them a rejection."""

    lines: Sequence[Line]
    signatures: Meter
    complete: bool = False


def _sections(number: int) -> str:
    return "1 section" if number == 1 else f"{number} sections"


def panel(board: Board) -> Panel:
    """What the frozen policy asks for."""
    policy = board.review.policy
    first = min((rule["group"] for rule in policy), default="1")
    lines = [
        Line(
            rule["role"],
            rule["group"],
            "",
            "pen" if rule["group"] == first else "lock",
            "To sign" if rule["group"] == first else "Locked",
            (
                _sections(len(rule["sections"]))
                if rule["group"] == first
                else "opens after the technical roles"
            ),
        )
        for rule in policy
    ]
    required = sum(int(rule["minimum"]) for rule in policy)
    return Panel(lines, Meter(0, required))
