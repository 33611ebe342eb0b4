"""What was seen: append-only records, and which of them count today."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from kernel.sealed_rows import SealedRow
from readiness.models.reviews import ReviewItem
from readiness.models.templates import Check

Person = settings.AUTH_USER_MODEL


class Evidence(SealedRow):
    """One record, never changed. A probe's names its check; a person's has none
    and counts once another person confirmed it. `valid_until` is empty for what
    does not go out of date. `definition_sha256` is the check's when it was
    judged, `configuration` that of the settings of the product that was seen ("" for
    what is about files). Nothing refers to operations' rows: evidence copies what it
    needs. Of a probe's record the seal says that this product wrote it so: the log tells
    verdicts, but neither when they were seen again nor with which settings."""

    SEALED = (
        *("review_item_id", "check_of_id", "kind", "verdict", "summary", "reason"),
        *(
            "probe",
            "params",
            "threshold",
            "definition_sha256",
            "value",
            "unit",
            "facts",
        ),
        *("commit", "environment", "configuration", "collector", "observed_at"),
    )

    class Kind(models.TextChoices):
        FILE = "file", "File"
        LINK = "link", "Link"
        OUTPUT = "output", "Output"
        METRIC = "metric", "Metric"
        ATTESTATION = "attestation", "Attestation"

    class Verdict(models.TextChoices):
        PASS = "pass", "Pass"
        FAIL = "fail", "Fail"
        ERROR = "error", "Error"
        INFO = "info", "Info"

    review_item = models.ForeignKey(
        ReviewItem, on_delete=models.CASCADE, related_name="evidence"
    )
    check_of = models.ForeignKey(
        Check, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    kind = models.CharField(max_length=12, choices=Kind.choices)
    verdict = models.CharField(max_length=5, choices=Verdict.choices)
    summary = models.TextField()
    reason = models.TextField(blank=True, help_text="why this verdict")
    probe = models.CharField(max_length=80, blank=True)
    params = models.JSONField(default=dict, blank=True)
    threshold = models.CharField(max_length=80, null=True, blank=True)  # noqa: DJ001
    definition_sha256 = models.CharField(max_length=64, blank=True)
    value = models.TextField(null=True, blank=True)  # noqa: DJ001
    unit = models.CharField(max_length=40, blank=True)
    facts = models.JSONField(default=dict, blank=True)
    commit = models.CharField(max_length=40, blank=True)
    environment = models.CharField(max_length=20)
    configuration = models.CharField(max_length=64, blank=True)
    collector = models.CharField(max_length=160, help_text="actor, such as j:… or p:7")
    observed_at = models.DateTimeField()
    valid_until = models.DateTimeField(null=True, blank=True)
    blob_sha256 = models.CharField(max_length=64, blank=True)
    blob_name = models.CharField(max_length=200, blank=True)
    blob_size = models.PositiveIntegerField(default=0)
    filed_by = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["-observed_at", "-id"]
        verbose_name_plural = "evidence"
        indexes = [
            models.Index(
                fields=["review_item", "-observed_at", "-id"],
                name="evidence_newest_first",
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(check_of__isnull=False) | Q(filed_by__isnull=False),
                name="evidence_comes_from_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.probe or self.kind}: {self.verdict}"


class Confirmation(models.Model):
    """A second person looked at filed evidence and agrees."""

    evidence = models.OneToOneField(
        Evidence, on_delete=models.CASCADE, related_name="confirmation"
    )
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"confirmed by {self.by_id}"


class Standing(models.Model):
    """Which records count: of a check the latest, and the latest that passed or
    failed; without a check, a record that a person filed. A pointer, so that a
    board reads no history."""

    review_item = models.ForeignKey(
        ReviewItem, on_delete=models.CASCADE, related_name="standings"
    )
    check_of = models.ForeignKey(
        Check, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    latest = models.ForeignKey(Evidence, on_delete=models.CASCADE, related_name="+")
    conclusive = models.ForeignKey(
        Evidence, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["review_item", "check_of"], name="one_standing_per_check"
            ),
        ]

    def __str__(self) -> str:
        return f"evidence {self.latest_id}"
