"""A review: one template version held against one release, commit and place."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from readiness.models.templates import Item, TemplateVersion

Person = settings.AUTH_USER_MODEL
LIVING = ("draft", "open")


class Review(models.Model):
    """`state` holds what people decided; ready and approved are derived from the
    facts and never stored. `policy` is the sign-off policy as it was when the
    review opened: [{role, sections, group, minimum, distinct}], numbers as text."""

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        OPEN = "open", "Open"
        DEPLOYED = "deployed", "Deployed"
        MONITORING = "monitoring", "Monitoring"
        CLOSED = "closed", "Closed"
        REJECTED = "rejected", "Rejected"
        INVALIDATED = "invalidated", "Invalidated"
        SUPERSEDED = "superseded", "Superseded"
        EXPIRED = "expired", "Expired"
        ABORTED = "aborted", "Aborted"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    version = models.ForeignKey(
        TemplateVersion, on_delete=models.PROTECT, related_name="reviews"
    )
    release = models.CharField(max_length=80)
    commit = models.CharField(max_length=40)
    # The gate names it beside the commit (READINESS §2, FORMATS "Gate answer").
    image_digest = models.CharField(max_length=80, blank=True)
    environment = models.CharField(max_length=20)
    policy = models.JSONField(default=list)
    owners = models.JSONField(
        default=dict, blank=True, help_text="of sections: {slug: actor}; not signed"
    )
    state = models.CharField(max_length=12, choices=State.choices, default=State.OPEN)
    imported_ticks = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    # The demo's review does not expire (READINESS §3).
    is_demo = models.BooleanField(default=False)
    # From then on its facts are read as of this moment: what goes out of date later
    # does not rot a finished review.
    ended_at = models.DateTimeField(null=True, blank=True)
    next_review_at = models.DateField(null=True, blank=True)
    reminded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="reviews_newest_first")
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["version", "release", "commit", "environment"],
                condition=Q(state__in=LIVING),
                name="one_living_review_per_release",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.release} to {self.environment}"


class ReviewItem(models.Model):
    """What people say about one item. `revision` counts every change of the row
    (optimistic locking); `claimed_by` is empty for a tick that came with the
    import. An item that is not claimed has no claimant, so that undoing a tick
    brings back exactly the claim that was signed."""

    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="items")
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="+")
    claimed = models.BooleanField(default=False)
    claimed_by = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    claimed_by_import = models.BooleanField(default=False)
    claimed_at = models.DateTimeField(null=True, blank=True)
    claim_note = models.CharField(max_length=500, blank=True)
    changed_by = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    changed_at = models.DateTimeField(null=True, blank=True)
    # Who is to do it; not signed.
    assignee = models.ForeignKey(
        Person, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    values = models.JSONField(default=dict, blank=True, help_text="{label: text}")
    salts = models.JSONField(
        default=dict,
        blank=True,
        help_text="{label: hexadecimal}, of the log's digests of the values",
    )
    revision = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["item__position"]
        constraints = [
            models.UniqueConstraint(
                fields=["review", "item"], name="one_row_per_item_and_review"
            ),
            models.CheckConstraint(
                condition=Q(claimed=True)
                | Q(claimed_by=None, claimed_by_import=False, claimed_at=None),
                name="only_claims_have_a_claimant",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item_id} in {self.review_id}"


class ExemptionRecord(models.Model):
    """What a waiver and a "not applicable" share: asked for by one person, taken
    by another, revocable; it names exactly one item."""

    reason = models.TextField()
    requested_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(auto_now_add=True)
    approved_by = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    approved_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    revoked_at = models.DateTimeField(null=True, blank=True)
    salt = models.BinaryField(
        max_length=32, default=bytes, help_text="of the log's digest of the reason"
    )

    # Each kind says which line it names.
    review_item: models.ForeignKey[ReviewItem, ReviewItem]

    class Meta:
        abstract = True


class Waiver(ExemptionRecord):
    """Going on with a known risk until `ends` (at most 30 days ahead)."""

    review_item = models.ForeignKey(
        ReviewItem, on_delete=models.CASCADE, related_name="waivers"
    )
    risk = models.TextField()
    ends = models.DateTimeField()

    class Meta:
        ordering = ["-requested_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=F("requested_by")),
                name="nobody_approves_their_own_waiver",
            ),
        ]

    def __str__(self) -> str:
        return f"waiver until {self.ends:%Y-%m-%d}"


class EndedWaiver(models.Model):
    """That a waiver has ended was logged, and told to who asked and who approved; the
    waiver itself stays as it was signed."""

    waiver = models.OneToOneField(
        Waiver, on_delete=models.CASCADE, related_name="ended"
    )
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.waiver_id} ended"


class NotApplicable(ExemptionRecord):
    """Two persons agree that the line has nothing to say here."""

    review_item = models.ForeignKey(
        ReviewItem, on_delete=models.CASCADE, related_name="not_applicable"
    )

    class Meta:
        ordering = ["-requested_at", "-id"]
        verbose_name_plural = "not applicable"
        constraints = [
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=F("requested_by")),
                name="nobody_approves_their_own_not_applicable",
            ),
        ]

    def __str__(self) -> str:
        return "not applicable"


class Comment(models.Model):
    """Said about an item; never signed."""

    review_item = models.ForeignKey(
        ReviewItem, on_delete=models.CASCADE, related_name="comments"
    )
    author = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    text = models.TextField()
    salt = models.BinaryField(max_length=32, help_text="of the log's digest of text")

    class Meta:
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return self.text[:40]
