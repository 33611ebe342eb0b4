"""What the readiness API takes and gives: for validation and for the schema."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from readiness.services.reviews import ENVIRONMENTS

STATES = (
    "proven",
    "stale",
    "claimed",
    "unclaimed",
    "failed",
    "waived",
    "not_applicable",
    "open",
    "signed",
    "void",
    "done",
    "overdue",
)


class VerdictSerializer(serializers.Serializer[Any]):
    ready = serializers.BooleanField()
    blockers = serializers.IntegerField()


class CountsSerializer(serializers.Serializer[Any]):
    proven = serializers.IntegerField()
    stale = serializers.IntegerField()
    claimed = serializers.IntegerField()
    unclaimed = serializers.IntegerField()
    failed = serializers.IntegerField()
    waived = serializers.IntegerField()
    not_applicable = serializers.IntegerField()


class SignaturesSerializer(serializers.Serializer[Any]):
    valid = serializers.IntegerField()
    required = serializers.IntegerField()  # type: ignore[assignment]


class ReviewSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    template = serializers.CharField()
    template_version = serializers.IntegerField()
    release = serializers.CharField()
    commit = serializers.CharField()
    environment = serializers.ChoiceField(ENVIRONMENTS)
    state = serializers.CharField()
    verdict = VerdictSerializer()
    counts = CountsSerializer()
    signatures = SignaturesSerializer()
    created_at = serializers.DateTimeField()


class ReviewListSerializer(serializers.Serializer[Any]):
    reviews = ReviewSerializer(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class NewReviewSerializer(serializers.Serializer[Any]):
    """`template` is a template's slug or id; its newest published version counts
    unless `version` names another."""

    template = serializers.CharField(max_length=80)
    version = serializers.IntegerField(required=False, min_value=1)
    release = serializers.CharField(max_length=80)
    commit = serializers.CharField(max_length=40)
    environment = serializers.ChoiceField(ENVIRONMENTS)
    imported_ticks = serializers.BooleanField(required=False, default=False)


class EvidenceSerializer(serializers.Serializer[Any]):
    probe = serializers.CharField(allow_null=True)
    verdict = serializers.ChoiceField(["pass", "fail", "error", "info"])
    summary = serializers.CharField()
    commit = serializers.CharField()
    observed_at = serializers.DateTimeField()
    valid_until = serializers.DateTimeField(allow_null=True)


class ItemSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    key = serializers.CharField()
    title = serializers.CharField()
    section = serializers.CharField()
    section_kind = serializers.CharField()
    parent = serializers.CharField(allow_null=True)  # type: ignore[assignment]
    depth = serializers.IntegerField()
    blocking = serializers.ChoiceField(["blocking", "advisory", "optional"])
    state = serializers.ChoiceField(STATES)
    reason = serializers.CharField()
    claimed = serializers.BooleanField()
    claimed_by = serializers.CharField(allow_null=True)
    claimed_at = serializers.DateTimeField(allow_null=True)
    revision = serializers.IntegerField()
    evidence = EvidenceSerializer(allow_null=True)


class ItemListSerializer(serializers.Serializer[Any]):
    items = ItemSerializer(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class FieldSerializer(serializers.Serializer[Any]):
    label = serializers.CharField()  # type: ignore[assignment]
    type = serializers.CharField()
    choices = serializers.ListField(child=serializers.CharField())
    required = serializers.BooleanField()  # type: ignore[assignment]
    value = serializers.CharField(allow_null=True)


class CheckSerializer(serializers.Serializer[Any]):
    probe = serializers.CharField()
    params = serializers.DictField(child=serializers.CharField())
    threshold = serializers.CharField(allow_null=True)
    freshness = serializers.IntegerField(help_text="seconds")
    grace = serializers.IntegerField(help_text="seconds")
    required = serializers.BooleanField()  # type: ignore[assignment]
    definition_sha256 = serializers.CharField()
    verdict = serializers.CharField(allow_null=True)


class RecordSerializer(EvidenceSerializer):
    id = serializers.CharField()
    kind = serializers.CharField()
    reason = serializers.CharField()
    params = serializers.DictField()
    threshold = serializers.CharField(allow_null=True)
    definition_sha256 = serializers.CharField(allow_null=True)
    value = serializers.CharField(allow_null=True)
    unit = serializers.CharField()
    facts = serializers.DictField()
    environment = serializers.CharField()
    collector = serializers.CharField()
    blob_sha256 = serializers.CharField(allow_null=True)
    blob_name = serializers.CharField(allow_null=True)
    blob_size = serializers.IntegerField()
    filed_by = serializers.CharField(allow_null=True)
    confirmed_by = serializers.CharField(allow_null=True)
    confirmed_at = serializers.DateTimeField(allow_null=True)


class CommentSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    author = serializers.CharField()
    at = serializers.DateTimeField()
    text = serializers.CharField()


class WaiverSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    reason = serializers.CharField()
    risk = serializers.CharField()
    requested_by = serializers.CharField()
    requested_at = serializers.DateTimeField()
    approved_by = serializers.CharField(allow_null=True)
    approved_at = serializers.DateTimeField(allow_null=True)
    ends = serializers.DateTimeField()
    revoked_by = serializers.CharField(allow_null=True)
    revoked_at = serializers.DateTimeField(allow_null=True)


class WholeItemSerializer(ItemSerializer):
    body = serializers.CharField()
    note = serializers.CharField()
    fields = FieldSerializer(many=True)  # type: ignore[assignment]
    checks = CheckSerializer(many=True)
    history = RecordSerializer(many=True)
    comments = CommentSerializer(many=True)
    waivers = WaiverSerializer(many=True)


class ClaimBody(serializers.Serializer[Any]):
    done = serializers.BooleanField()
    revision = serializers.IntegerField(required=False, min_value=0)
    note = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=500
    )


class EvidenceBody(serializers.Serializer[Any]):
    """Text or a link as JSON; a file as multipart with `file`."""

    kind = serializers.ChoiceField(["file", "link", "output"])
    summary = serializers.CharField(max_length=500)
    text = serializers.CharField(required=False, max_length=20_000)
    link = serializers.URLField(required=False)
    file = serializers.FileField(required=False)


class CommentBody(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=5_000)


class AskedSerializer(serializers.Serializer[Any]):
    probes = serializers.ListField(child=serializers.CharField())
