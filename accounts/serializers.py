"""What the token API takes and gives."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class Credentials(serializers.Serializer[Any]):
    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=1024, trim_whitespace=False)


class RefreshBody(serializers.Serializer[Any]):
    refresh = serializers.CharField(max_length=4096)


class PairAnswer(serializers.Serializer[Any]):
    access = serializers.CharField()
    refresh = serializers.CharField()
    expires_in = serializers.IntegerField(help_text="seconds the access token lives")


class Me(serializers.Serializer[Any]):
    username = serializers.CharField()
    roles = serializers.ListField(child=serializers.CharField())
    permissions = serializers.ListField(child=serializers.CharField())
