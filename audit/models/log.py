"""The append-only log and the heads of it that were signed."""

from __future__ import annotations

from django.db import models


class AuditEvent(models.Model):
    """One event. `body` is the truth (exact bytes); kind, actor, object and at are
    copies for reading, compared with it by verify_log."""

    seq = models.BigIntegerField(primary_key=True)
    body = models.BinaryField()
    leaf = models.BinaryField(max_length=32)
    kind = models.CharField(max_length=80)
    actor = models.CharField(max_length=80)
    object = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        ordering = ["seq"]
        default_permissions = ()
        indexes = [
            models.Index(fields=["object", "seq"], name="audit_about"),
            models.Index(fields=["kind", "seq"], name="audit_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.kind}"

    @property
    def text(self) -> str:
        """The body as people read it; the bytes are what counts."""
        return bytes(self.body).decode("utf-8", "replace")


class Checkpoint(models.Model):
    """A signed head. `peaks` are the tree's complete subtrees at that size (32
    bytes each), so that the next root costs only the events since."""

    origin = models.CharField(max_length=80)
    size = models.BigIntegerField()
    root = models.BinaryField(max_length=32)
    peaks = models.BinaryField()
    note = models.BinaryField()
    at = models.DateTimeField()

    class Meta:
        ordering = ["-size"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["origin", "size"], name="audit_one_checkpoint_a_size"
            )
        ]

    def __str__(self) -> str:
        return f"{self.origin} {self.size}"
