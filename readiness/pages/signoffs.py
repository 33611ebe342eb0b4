"""The sign-off panel beside the checklist, and the meanings of the sign page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from readiness.domain.statements import APPROVED, REJECTED, REVIEWED
from readiness.domain.tally import Meter
from readiness.queries.progress import PlaceState, SignoffPlace, SignoffProgress

TONES = {
    PlaceState.SIGNED: ("ok", "check"),
    PlaceState.REJECTED: ("crit", "fail"),
    PlaceState.VOID: ("warn", "warn"),
    PlaceState.MISSING: ("crit", "fail"),
    PlaceState.OPEN: ("", "pen"),
    PlaceState.LOCKED: ("", "lock"),
}


@dataclass(frozen=True)
class PlaceView:
    """One role of the sign-off panel: `tone`, `icon` and `words` make its chip."""

    place: SignoffPlace
    tone: str
    icon: str

    @property
    def role(self) -> str:
        return self.place.role

    @property
    def words(self) -> str:
        return self.place.state.value

    @property
    def note(self) -> str:
        return self.place.note

    @property
    def initials(self) -> str:
        first, _, second = self.role.partition(" ")
        return (first[:1] + (second[:1] or first[1:2])).upper()


@dataclass(frozen=True)
class SignoffPanel:
    """The policy's roles in their order, beside the checklist."""

    lines: Sequence[PlaceView]
    signatures: Meter


def signoff_panel(progress: SignoffProgress) -> SignoffPanel:
    return SignoffPanel(
        [PlaceView(place, *TONES[place.state]) for place in progress.places],
        progress.signatures,
    )


@dataclass(frozen=True)
class MeaningChoice:
    """What a signature may mean; `words` say it."""

    value: str
    words: str
    allowed: bool


def meanings(*, may_approve: bool) -> list[MeaningChoice]:
    """None is chosen for the person; "approved" opens when the review is ready."""
    approved = "this release may go, for my sections"
    return [
        MeaningChoice(
            APPROVED,
            approved if may_approve else "opens when nothing blocks any more",
            may_approve,
        ),
        MeaningChoice(REVIEWED, "seen, without a decision", allowed=True),
        MeaningChoice(REJECTED, "it must not go; say why", allowed=True),
    ]
