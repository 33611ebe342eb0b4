"""What probes saw."""

from __future__ import annotations

import uuid

from django.db import models

from kernel.sealed_rows import SealedRow


class ProbeResult(SealedRow):
    """One measurement, appended and never changed; judged by whoever reads it.

    Keyed by (name, params_digest, commit, environment), and where it is about a running
    product by `configuration` too, the digest of the settings that the answering web
    process was started with. `value` is text, null when
    nothing could be measured (`error` says why). `definition` is the SHA-256 of
    what was run: probe name, params and source. `tree_clean` says that the tracked files
    of whoever was looked at equalled `commit`. `raw` is the first 64 kB of the raw
    output, redacted; `raw_sha256` is of all of it, before redaction. Judged is
    what this product measured, by its seal.
    """

    SEALED = (
        *("name", "params", "params_digest", "definition", "about", "commit"),
        *("tree_clean", "environment", "configuration", "host", "value", "unit"),
        *("detail", "facts", "error", "started_at", "observed_at", "raw_sha256"),
    )

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=100)
    params = models.JSONField(default=dict, blank=True)
    params_digest = models.CharField(max_length=64)
    definition = models.CharField(max_length=64)
    about = models.CharField(max_length=10)
    commit = models.CharField(max_length=64)
    tree_clean = models.BooleanField(default=False)
    environment = models.CharField(max_length=20)
    configuration = models.CharField(max_length=64, blank=True)
    host = models.CharField(max_length=200)
    value = models.TextField(null=True, blank=True)  # noqa: DJ001 - null: not measured
    unit = models.CharField(max_length=20, blank=True)
    detail = models.TextField(blank=True)
    facts = models.JSONField(default=dict, blank=True)
    error = models.TextField(blank=True)
    started_at = models.DateTimeField()
    observed_at = models.DateTimeField()
    raw_sha256 = models.CharField(max_length=64, blank=True)
    raw = models.BinaryField(default=bytes, blank=True)
    run = models.UUIDField(null=True, blank=True, help_text="uid of the JobRun")

    class Meta:
        indexes = [
            models.Index(
                fields=[
                    "name",
                    "params_digest",
                    "commit",
                    "environment",
                    "-observed_at",
                ],
                name="result_newest",
            ),
            models.Index(fields=["observed_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.value if self.value is not None else self.error}"

    @property
    def seen(self) -> str:
        """The value with its unit, as people say it: "1 fault"."""
        unit = self.unit.removesuffix("s") if self.value == "1" else self.unit
        return f"{self.value} {unit or self.unit}".strip()
