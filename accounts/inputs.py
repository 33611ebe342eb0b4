"""What the API of people and tokens takes."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.domain.scopes import SCOPES
from accounts.services.service_tokens import LONGEST_DAYS
from kernel.inputs import Verbatim, WholeField


class Credentials(serializers.Serializer[Any]):
    username = serializers.CharField(max_length=150)
    password = Verbatim(max_length=1024, trim_whitespace=False)


class RefreshBody(serializers.Serializer[Any]):
    refresh = Verbatim(max_length=4096)


class ServiceTokenBody(serializers.Serializer[Any]):
    """What a new service token is for, and how long it lives."""

    name = serializers.CharField(max_length=100)
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=list(SCOPES)),
        min_length=1,
        max_length=len(SCOPES),
    )
    days = WholeField(min_value=1, max_value=LONGEST_DAYS)
