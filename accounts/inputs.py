"""What the token API takes."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class Credentials(serializers.Serializer[Any]):
    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=1024, trim_whitespace=False)


class RefreshBody(serializers.Serializer[Any]):
    refresh = serializers.CharField(max_length=4096)
