"""What the readiness API takes: from a request's body to what a service wants."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from rest_framework import serializers
from rest_framework.request import Request

from kernel.errors import FieldError, Invalid
from kernel.inputs import read_body
from readiness.domain.parsing.source import MAX_BYTES
from readiness.domain.reviews import Environment
from readiness.queries.reviews import published_version
from readiness.services.evidence.filing import FILED_KINDS, NewEvidence
from readiness.services.reviews import NewReview
from readiness.services.signing import SignatureRequest


class ReviewInput(serializers.Serializer[Any]):
    """`template` is a template's slug or id; its newest published version counts
    unless `version` names another."""

    template = serializers.CharField(max_length=80)
    version = serializers.IntegerField(required=False, min_value=1)
    release = serializers.CharField(max_length=80)
    commit = serializers.CharField(max_length=40)
    environment = serializers.ChoiceField([place.value for place in Environment])
    imported_ticks = serializers.BooleanField(required=False, default=False)


def new_review(request: Request) -> NewReview:
    """Raises NotFound for a template that is not published."""
    body = read_body(request, ReviewInput)
    return NewReview(
        version=published_version(body["template"], body.get("version")),
        release=body["release"].strip(),
        commit=body["commit"].lower(),
        environment=body["environment"],
        imported_ticks=body["imported_ticks"],
    )


class ClaimInput(serializers.Serializer[Any]):
    """`revision` may stand in If-Match instead."""

    done = serializers.BooleanField()
    revision = serializers.IntegerField(required=False, min_value=0)
    note = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=500
    )


class EvidenceInput(serializers.Serializer[Any]):
    """Text or a link as JSON; a file as multipart with `file`."""

    kind = serializers.ChoiceField([kind.value for kind in FILED_KINDS])
    summary = serializers.CharField(max_length=500)
    text = serializers.CharField(required=False, max_length=20_000)
    link = serializers.URLField(required=False)
    file = serializers.FileField(required=False)


def new_evidence(request: Request) -> NewEvidence:
    """What `kind` announces; a text or link that is not there is empty.

    Raises Invalid for a file that is not there.
    """
    body = read_body(request, EvidenceInput)
    kind, summary = body["kind"], body["summary"]
    if kind != "file":
        content = body.get("link" if kind == "link" else "text", "")
        return NewEvidence(kind, summary, content.encode())
    upload = body.get("file")
    if upload is None:
        raise Invalid("Send the file as multipart field `file`.", code="file")
    return NewEvidence(kind, summary, upload.read(), upload.name)


class CommentInput(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=5_000)


class SignatureInput(serializers.Serializer[Any]):
    """`statement_sha256` is of the statement that you read."""

    role = serializers.CharField(max_length=150)
    meaning = serializers.CharField(max_length=20)
    statement_sha256 = serializers.CharField(max_length=64, allow_blank=True)
    password = serializers.CharField(max_length=256, trim_whitespace=False)
    passphrase = serializers.CharField(max_length=256, trim_whitespace=False)
    note = serializers.CharField(max_length=2000, allow_blank=True, default="")


def signature_request(request: Request) -> SignatureRequest:
    return SignatureRequest(**read_body(request, SignatureInput))


class ChecklistInput(serializers.Serializer[Any]):
    """A file, or its text; `name` says which template it is a version of."""

    file = serializers.FileField(required=False)
    text = serializers.CharField(
        required=False, allow_blank=True, trim_whitespace=False
    )
    name = serializers.CharField(required=False, allow_blank=True, max_length=200)


def checklist(request: Request) -> tuple[bytes, str]:
    """The document's bytes, one more than allowed at most, and the template's name."""
    body = read_body(request, ChecklistInput)
    return _document(body), body.get("name", "")


def _document(body: dict[str, Any]) -> bytes:
    file = body.get("file")
    if isinstance(file, UploadedFile):
        return bytes(file.read(MAX_BYTES + 1))
    if "text" in body:
        return str(body["text"]).encode("utf-8", "surrogatepass")
    reason = "send the checklist as `file` or as `text`"
    raise Invalid(
        f"Nothing to import: {reason}.",
        code="required",
        errors=[FieldError("/file", "required", reason)],
    )


class PublishInput(serializers.Serializer[Any]):
    """Without `version` the newest draft."""

    version = serializers.IntegerField(required=False, min_value=1)
