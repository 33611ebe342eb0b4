"""How events look to clients; answers are built here once for API and schema."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from audit.models import AuditEvent, Checkpoint
from audit.queries import Verified, verifier_key


class EventSerializer(serializers.Serializer[AuditEvent]):
    seq = serializers.IntegerField()
    at = serializers.DateTimeField()
    kind = serializers.CharField()
    actor = serializers.CharField(help_text="p:7 person, s:7 service, j:job, system")
    actor_name = serializers.CharField(allow_null=True)
    object = serializers.CharField()
    body = serializers.CharField(help_text="the exact canonical JSON that is hashed")
    leaf = serializers.CharField(help_text="SHA-256(0x00 || body), hex")


class EventListSerializer(serializers.Serializer[Any]):
    events = EventSerializer(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class VerificationSerializer(serializers.Serializer[Any]):
    ok = serializers.BooleanField()
    size = serializers.IntegerField()
    root = serializers.CharField()  # type: ignore[assignment]
    problems = serializers.ListField(child=serializers.CharField())
    at = serializers.DateTimeField()


class CheckpointSerializer(serializers.Serializer[Any]):
    origin = serializers.CharField()
    size = serializers.IntegerField()
    root = serializers.CharField()  # type: ignore[assignment]
    note = serializers.CharField(help_text="the signed C2SP note, exactly")
    vkey = serializers.CharField(help_text="compare with the one you were given")
    at = serializers.DateTimeField()


def event(row: AuditEvent, names: dict[str, str]) -> dict[str, object]:
    return {
        "seq": row.seq,
        "at": row.at,
        "kind": row.kind,
        "actor": row.actor,
        "actor_name": names.get(row.actor),
        "object": row.object,
        "body": row.text,
        "leaf": bytes(row.leaf).hex(),
    }


def verification(found: Verified) -> dict[str, object]:
    return {
        "ok": found.ok,
        "size": found.size,
        "root": found.root,
        "problems": list(found.problems),
        "at": found.at,
    }


def checkpoint(row: Checkpoint) -> dict[str, object]:
    return {
        "origin": row.origin,
        "size": row.size,
        "root": bytes(row.root).hex(),
        "note": bytes(row.note).decode(),
        "vkey": verifier_key(row.origin),
        "at": row.at,
    }
