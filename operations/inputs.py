"""What the API takes: bodies of requests."""

from __future__ import annotations

from rest_framework import serializers

from kernel.inputs import ExactField, WholeField


class RuleChange(serializers.Serializer):  # type: ignore[type-arg]
    """A new threshold and the revision that was seen (or If-Match)."""

    threshold = ExactField()
    revision = WholeField(required=False, min_value=0)


class ProbeParams(serializers.Serializer):  # type: ignore[type-arg]
    """The params of one measurement, such as {"pragma": "journal_mode"}."""

    params = serializers.DictField(
        child=serializers.CharField(max_length=200), default=dict
    )
