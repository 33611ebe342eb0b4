"""What the API takes and gives: shapes for validation and for the schema."""

from __future__ import annotations

from rest_framework import serializers

from kernel.inputs import ExactField


class AlertSerializer(serializers.Serializer):  # type: ignore[type-arg]
    id = serializers.CharField()
    rule = serializers.CharField()
    target = serializers.CharField()
    severity = serializers.ChoiceField(["P0", "P1", "P2", "P3"])
    state = serializers.ChoiceField(["pending", "firing", "resolved"])
    value = ExactField(allow_null=True)
    threshold = ExactField(allow_null=True)
    started_at = serializers.DateTimeField()
    fired_at = serializers.DateTimeField(allow_null=True)
    resolved_at = serializers.DateTimeField(allow_null=True)
    acknowledged_by = serializers.CharField(allow_null=True)
    acknowledged_at = serializers.DateTimeField(allow_null=True)


class AlertListSerializer(serializers.Serializer):  # type: ignore[type-arg]
    alerts = AlertSerializer(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class RuleSerializer(serializers.Serializer):  # type: ignore[type-arg]
    name = serializers.CharField()
    title = serializers.CharField()
    severity = serializers.ChoiceField(["P0", "P1", "P2", "P3"])
    threshold = ExactField()
    unit = serializers.CharField()
    for_seconds = serializers.IntegerField()
    enabled = serializers.BooleanField()
    revision = serializers.IntegerField()


class RuleListSerializer(serializers.Serializer):  # type: ignore[type-arg]
    rules = RuleSerializer(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class RuleChangeSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A new threshold and the revision that was seen (or If-Match)."""

    threshold = ExactField()
    revision = serializers.IntegerField(required=False, min_value=0)


class BackupSerializer(serializers.Serializer):  # type: ignore[type-arg]
    id = serializers.CharField()
    engine = serializers.CharField()
    status = serializers.CharField()
    started_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    bytes = serializers.IntegerField(allow_null=True)
    sha256 = serializers.CharField()
    error = serializers.CharField()


class BackupListSerializer(serializers.Serializer):  # type: ignore[type-arg]
    backups = BackupSerializer(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class QueuedSerializer(serializers.Serializer):  # type: ignore[type-arg]
    run = serializers.CharField()
    state = serializers.CharField()


class JobSerializer(serializers.Serializer):  # type: ignore[type-arg]
    name = serializers.CharField()
    schedule = serializers.CharField()
    next_due = serializers.DateTimeField(allow_null=True)
    last_ok = serializers.DateTimeField(allow_null=True)
    consecutive_failures = serializers.IntegerField()
    state = serializers.ChoiceField(["idle", "queued", "running", "failing", "paused"])
    error = serializers.CharField()


class JobListSerializer(serializers.Serializer):  # type: ignore[type-arg]
    jobs = JobSerializer(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class ProbeSerializer(serializers.Serializer):  # type: ignore[type-arg]
    name = serializers.CharField()
    title = serializers.CharField()
    params = serializers.DictField(child=serializers.CharField())
    state = serializers.ChoiceField(
        ["failing", "no_data", "never", "passing", "measured"]
    )
    value = serializers.CharField(allow_null=True)
    unit = serializers.CharField()
    detail = serializers.CharField()
    error = serializers.CharField()
    commit = serializers.CharField(allow_null=True)
    observed_at = serializers.DateTimeField(allow_null=True)
    every = serializers.CharField()


class ProbeListSerializer(serializers.Serializer):  # type: ignore[type-arg]
    probes = ProbeSerializer(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class RunProbeSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """The params of one measurement, such as {"pragma": "journal_mode"}."""

    params = serializers.DictField(
        child=serializers.CharField(max_length=200), default=dict
    )
