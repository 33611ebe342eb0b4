"""For how long something is to rest, and why: what of a wish cannot be. Pure."""

from __future__ import annotations

from kernel.errors import FieldError
from kernel.spoken import age

LONGEST_REASON = 300


def refusals(reason: str, minutes: int, *, most: int) -> list[FieldError]:
    """The faults of a reason and a number of minutes, `most` of them at the most."""
    faults = []
    if not reason.strip():
        faults.append(FieldError("/reason", "blank", "say why."))
    if len(reason) > LONGEST_REASON:
        letters = f"has more than {LONGEST_REASON} letters."
        faults.append(FieldError("/reason", "max_length", letters))
    if not 1 <= minutes <= most:
        bounds = f"must lie between 1 and {most:,} minutes ({age(most * 60)})."
        faults.append(FieldError("/minutes", "out_of_range", bounds))
    return faults
