"""Which web processes were started, and with which settings."""

from __future__ import annotations

from django.db import models


class ProcessStart(models.Model):
    """One start of a web process. `configuration` is the digest of its settings
    (kernel.configuration). For people to read: with which settings evidence must have
    been seen to count, the log says."""

    host = models.CharField(max_length=200)
    pid = models.PositiveIntegerField()
    commit = models.CharField(max_length=64)
    configuration = models.CharField(max_length=64)
    at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"web@{self.host} {self.at:%Y-%m-%d %H:%M:%S}"
