"""What became of a review, and what is asked after its deployment."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from readiness.models.reviews import Review

Person = settings.AUTH_USER_MODEL


class Transition(models.Model):
    """A review entered this state: a row is never changed, and no state is entered
    twice. `by` is empty for a job; `cause` is the review whose deployment superseded
    this one."""

    review = models.ForeignKey(
        Review, on_delete=models.CASCADE, related_name="transitions"
    )
    state = models.CharField(max_length=12, choices=Review.State.choices)
    at = models.DateTimeField()
    by = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    reason = models.TextField(blank=True)
    salt = models.BinaryField(max_length=32, help_text="of the log's digest of reason")
    cause = models.ForeignKey(
        Review, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["review", "state"], name="no_state_is_entered_twice"
            )
        ]

    def __str__(self) -> str:
        return f"{self.review_id} became {self.state}"


class FollowUp(models.Model):
    """Somebody looks again when `window` is over, at `due_at`, and says what they saw."""

    review = models.ForeignKey(
        Review, on_delete=models.CASCADE, related_name="follow_ups"
    )
    window = models.CharField(max_length=12)
    due_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    note = models.TextField(blank=True)
    salt = models.BinaryField(
        max_length=32, default=bytes, help_text="of the log's digest of note"
    )
    told_at = models.DateTimeField(
        null=True, blank=True, help_text="when its being due was written to people"
    )

    class Meta:
        ordering = ["due_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["review", "window"], name="one_follow_up_per_window"
            )
        ]

    def __str__(self) -> str:
        return f"{self.window} of {self.review_id}"


class ReviewNote(models.Model):
    """Said about the release as a whole; never signed. A known issue stands until
    somebody says that it is resolved."""

    class Kind(models.TextChoices):
        NOTE = "note", "Note"
        ISSUE = "issue", "Known issue"

    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="notes")
    kind = models.CharField(max_length=5, choices=Kind.choices)
    text = models.TextField()
    author = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    salt = models.BinaryField(max_length=32, help_text="of the log's digest of text")
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return self.text[:40]
