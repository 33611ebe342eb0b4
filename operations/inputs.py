"""What the API takes: bodies of requests."""

from __future__ import annotations

from rest_framework import serializers

from kernel.inputs import ExactField, WholeField
from operations.domain.schedules import LONGEST_PAUSE_MINUTES
from operations.domain.silences import LONGEST_MINUTES
from operations.domain.spans import LONGEST_REASON


class RuleChange(serializers.Serializer):  # type: ignore[type-arg]
    """A new threshold and the revision that was seen (or If-Match)."""

    threshold = ExactField()
    revision = WholeField(required=False, min_value=0)


class JobPause(serializers.Serializer):  # type: ignore[type-arg]
    """Why, and for how many minutes: a week at the most."""

    reason = serializers.CharField(max_length=LONGEST_REASON)
    minutes = WholeField(min_value=1, max_value=LONGEST_PAUSE_MINUTES)


class AlertSilence(serializers.Serializer):  # type: ignore[type-arg]
    """Why, and for how many minutes."""

    reason = serializers.CharField(max_length=LONGEST_REASON)
    minutes = WholeField(min_value=1, max_value=LONGEST_MINUTES)


class RuleSilence(AlertSilence):
    """Also which rule, and which target of it; none is every target."""

    rule = serializers.CharField(max_length=60)
    target = serializers.CharField(
        max_length=200, required=False, default="", allow_blank=True
    )


class ProbeParams(serializers.Serializer):  # type: ignore[type-arg]
    """The params of one measurement, such as {"pragma": "journal_mode"}."""

    params = serializers.DictField(
        child=serializers.CharField(max_length=200), default=dict
    )
