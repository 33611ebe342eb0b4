"""How facts are mended: nothing booked ever changes, an appended event answers it.

A void takes a fact out; a correction appends a row that `replaces` it, with the
original's place in the order of facts (`recorded_at`, `sequence`) at its own time.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Self, TypeVar

from django.db import models
from django.db.models import Q

from accounts.models import User
from kernel.fields import ExactDecimalField


class FactStatus(models.TextChoices):
    """Whether a fact counts, as its events have it.

    REMATCHING: recorded, and waiting for the job that matches its pair again.
    REPLACED: a correction stands in its place. UNDONE: with its whole file.
    """

    BOOKED = "booked"
    CORRECTED = "corrected"
    VOIDED = "voided"
    REMATCHING = "rematching"
    REPLACED = "replaced"
    UNDONE = "undone"


STANDING = (FactStatus.BOOKED, FactStatus.CORRECTED)
LISTED = (*STANDING, FactStatus.VOIDED, FactStatus.REMATCHING)

Row = TypeVar("Row", bound=models.Model, covariant=True)


@dataclass(frozen=True, kw_only=True)
class Settled:
    """The facts of `books` as they stand once those that wait have what they wait for:
    the ids up to which fills and transfers that come are seen. Those of other books
    stand as they do now."""

    books: Collection[int]
    fills: int
    transfers: int


class FactQuerySet(models.QuerySet[Row]):
    def standing(
        self, known_at: datetime | None = None, settled: Settled | None = None
    ) -> FactQuerySet[Row]:
        """The facts that count: what every sum, lot and curve is made of. As known at
        a time: those recorded until then which no event had taken out by then."""
        if settled is not None:
            moving = Q(book__in=settled.books) & ~Q(becomes="")
            stay = Q(status__in=STANDING) & ~moving
            return self.filter(stay | self._joining(settled))
        if known_at is None:
            return self.filter(status__in=STANDING)
        booked = Q(replaces=None, recorded_at__lte=known_at)
        corrected = Q(replaces__events__recorded_at__lte=known_at)
        known = self.filter(booked | corrected)
        known = known.exclude(batch__undoing__recorded_at__lte=known_at)
        return known.exclude(events__recorded_at__lte=known_at)

    def waiting(self, settled: Settled | None = None) -> Self:
        """The facts that wait for the job which matches their pairs again."""
        rows = self.exclude(becomes="")
        return rows.filter(pk__lte=self._last(settled)) if settled else rows

    def _joining(self, settled: Settled) -> Q:
        last = self._last(settled)
        return Q(book__in=settled.books, becomes__in=STANDING, pk__lte=last)

    def _last(self, settled: Settled) -> int:
        fills = self.model._meta.model_name == "fill"
        return settled.fills if fills else settled.transfers

    def listed(self, known_at: datetime | None = None) -> FactQuerySet[Row]:
        """What lists show: also voided and waiting facts, but none that another row
        replaces and none of a file that was undone. As known at a time: what stood."""
        if known_at is not None:
            return self.standing(known_at)
        return self.filter(status__in=LISTED)


class Amendable(models.Model):
    """A fact that can be voided and corrected.

    `status` says whether it counts now. `becomes`, where set, is the status that it
    takes when the job has matched its pair again (trades.services.rematching).
    """

    status = models.CharField(
        max_length=10,
        choices=FactStatus,
        default=FactStatus.BOOKED,
        db_default=FactStatus.BOOKED,
    )
    becomes = models.CharField(
        max_length=10, choices=FactStatus, blank=True, default="", db_default=""
    )
    replaces = models.OneToOneField(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="replaced_by",
    )

    class Meta:
        abstract = True


class FactEvent(models.Model):
    """A void or correction: who did it, why, and what the pair's profit and loss
    (realised + unrealised) was before and after; `pnl_after` is null until the job
    has matched again."""

    class Kind(models.TextChoices):
        VOID = "void"
        CORRECT = "correct"

    kind = models.CharField(max_length=7, choices=Kind)
    reason = models.TextField()
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    pnl_before = ExactDecimalField(null=True, blank=True)
    pnl_after = ExactDecimalField(null=True, blank=True)
    recorded_at = models.DateTimeField()

    class Meta:
        abstract = True
