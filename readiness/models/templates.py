"""The checklist as a document: a published version is never changed again."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class Template(models.Model):
    """A checklist through its versions; keys are never used again within it."""

    slug = models.SlugField(max_length=80, unique=True)
    title = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.title


class TemplateVersion(models.Model):
    """One imported document. `source` holds the bytes after repair, `sha256` is
    theirs, `repair` says what was repaired, `report` what the import counted."""

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        PUBLISHED = "published", "Published"
        RETIRED = "retired", "Retired"

    template = models.ForeignKey(
        Template, on_delete=models.PROTECT, related_name="versions"
    )
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    source = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    tree_digest = models.CharField(max_length=64, blank=True)
    header = models.JSONField(default=dict, blank=True)
    repair = models.JSONField(default=list, blank=True)
    report = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    published_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["template", "number"], name="one_version_per_number"
            ),
            models.CheckConstraint(
                condition=Q(state="draft") | Q(published_at__isnull=False),
                name="published_versions_say_when",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.template} v{self.number}"


class Section(models.Model):
    """A heading. `slug` is unique within its version, `position` document order."""

    class Kind(models.TextChoices):
        CHECKS = "checks", "Checks"
        STEPS = "steps", "Steps"
        MONITORING = "monitoring", "Follow-up"
        ROLLBACK = "rollback", "Rollback"
        SIGN_OFF = "sign-off", "Sign-off"
        CONTACTS = "contacts", "Contacts"
        NOTES = "notes", "Notes"
        APPENDIX = "appendix", "Appendix"

    version = models.ForeignKey(
        TemplateVersion, on_delete=models.CASCADE, related_name="sections"
    )
    parent = models.ForeignKey(
        "self", on_delete=models.CASCADE, null=True, blank=True, related_name="children"
    )
    position = models.PositiveIntegerField()
    slug = models.CharField(max_length=120)
    title = models.CharField(max_length=300)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    body = models.TextField(blank=True)
    source_line = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["version", "slug"], name="one_section_per_slug"
            ),
            models.UniqueConstraint(
                fields=["version", "position"], name="one_section_per_position"
            ),
        ]

    def __str__(self) -> str:
        return self.title


class Item(models.Model):
    """A line to tick. `title` and `body` are Markdown as written; `position` is
    document order over the whole version, `depth` 1 for top level lines."""

    class Blocking(models.TextChoices):
        BLOCKING = "blocking", "Blocking"
        ADVISORY = "advisory", "Advisory"
        OPTIONAL = "optional", "Optional"

    version = models.ForeignKey(
        TemplateVersion, on_delete=models.CASCADE, related_name="items"
    )
    section = models.ForeignKey(Section, on_delete=models.CASCADE, related_name="items")
    parent = models.ForeignKey(
        "self", on_delete=models.CASCADE, null=True, blank=True, related_name="children"
    )
    position = models.PositiveIntegerField()
    depth = models.PositiveSmallIntegerField(default=1)
    key = models.CharField(max_length=80)
    title = models.TextField()
    body = models.TextField(blank=True)
    blocking = models.CharField(
        max_length=10, choices=Blocking.choices, default=Blocking.BLOCKING
    )
    imported_tick = models.BooleanField(default=False)
    # `[~]`: the document proposes that the line does not apply.
    imported_aside = models.BooleanField(default=False, db_default=False)
    imported_status = models.CharField(max_length=200, blank=True)
    source_line = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["version", "key"], name="one_item_per_key"),
            models.UniqueConstraint(
                fields=["version", "position"], name="one_item_per_position"
            ),
            models.CheckConstraint(
                condition=Q(parent__isnull=True) | ~Q(parent=F("id")),
                name="no_item_is_its_own_parent",
            ),
        ]

    def __str__(self) -> str:
        return self.key


class Field(models.Model):
    """A blank such as "Expiry: ____", of an item or, outside lists, of a section."""

    class Kind(models.TextChoices):
        TEXT = "text", "Text"
        DATE = "date", "Date"
        DURATION = "duration", "Duration"
        DOMAIN = "domain", "Domain"
        PERSON = "person", "Person"
        CHOICE = "choice", "Choice"

    section = models.ForeignKey(
        Section, on_delete=models.CASCADE, related_name="fields"
    )
    item = models.ForeignKey(
        Item, on_delete=models.CASCADE, null=True, blank=True, related_name="fields"
    )
    position = models.PositiveIntegerField()
    label = models.CharField(max_length=120)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.TEXT)
    choices = models.JSONField(default=list, blank=True)
    required = models.BooleanField(default=True)
    source_line = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["item", "label"], name="one_field_per_label"
            ),
        ]

    def __str__(self) -> str:
        return self.label


class Check(models.Model):
    """The probe behind an item. `params` maps text to text; `threshold` is text
    such as "< 50", or null: then the measured value must be "0" (no faults).
    `freshness` and `grace` are in seconds; `definition_sha256` as in FORMATS."""

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="checks")
    position = models.PositiveIntegerField(default=0)
    probe = models.CharField(max_length=80)
    params = models.JSONField(default=dict, blank=True)
    threshold = models.CharField(max_length=80, null=True, blank=True)  # noqa: DJ001
    freshness = models.PositiveIntegerField(default=86_400)
    grace = models.PositiveIntegerField(default=0)
    required = models.BooleanField(default=True)
    definition_sha256 = models.CharField(max_length=64)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["item", "definition_sha256"], name="one_check_per_definition"
            ),
            models.CheckConstraint(
                condition=Q(freshness__gt=0), name="checks_go_out_of_date"
            ),
        ]

    def __str__(self) -> str:
        return self.probe


class Step(models.Model):
    """A fenced block to run by hand; `budget` is its stated time in seconds."""

    section = models.ForeignKey(Section, on_delete=models.CASCADE, related_name="steps")
    item = models.ForeignKey(
        Item, on_delete=models.CASCADE, null=True, blank=True, related_name="steps"
    )
    position = models.PositiveIntegerField()
    title = models.CharField(max_length=300, blank=True)
    language = models.CharField(max_length=40, blank=True)
    body = models.TextField()
    # Runbooks will run with a timer against it (READINESS §7).
    budget = models.PositiveIntegerField(null=True, blank=True)
    source_line = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["position"]

    def __str__(self) -> str:
        return self.title or f"step {self.position}"


class SignoffPolicy(models.Model):
    """Which role signs which sections, and in which group; `minimum` signatures
    by `distinct` persons. A review freezes these when it opens."""

    version = models.ForeignKey(
        TemplateVersion, on_delete=models.CASCADE, related_name="policies"
    )
    position = models.PositiveIntegerField()
    role = models.CharField(max_length=150, help_text="the group's name")
    sections = models.JSONField(default=list, help_text="section slugs")
    group = models.PositiveSmallIntegerField(default=1)
    minimum = models.PositiveSmallIntegerField(default=1)
    distinct = models.BooleanField(default=True)

    class Meta:
        ordering = ["position"]
        verbose_name_plural = "sign-off policies"
        constraints = [
            models.UniqueConstraint(
                fields=["version", "role"], name="one_policy_per_role"
            ),
            models.CheckConstraint(
                condition=Q(minimum__gte=1), name="a_role_signs_at_least_once"
            ),
        ]

    def __str__(self) -> str:
        return self.role
