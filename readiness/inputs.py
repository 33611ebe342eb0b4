"""What the readiness API takes: from a request's body to what a service wants."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from rest_framework import serializers
from rest_framework.request import Request

from kernel.errors import FieldError, Invalid
from kernel.inputs import TrueOrFalseField, Verbatim, WholeField, read_body
from operations.services.reports import MOST_BYTES as MOST_BYTES_OF_A_REPORT
from readiness.domain.exemptions import LONGEST_TEXT, NewWaiver
from readiness.domain.lifecycle import LONGEST_REASON
from readiness.domain.parsing.source import MAX_BYTES
from readiness.domain.reviews import Environment
from readiness.models import ReviewNote
from readiness.queries.reviews import published_version
from readiness.services import notes, signing
from readiness.services.claims import LONGEST_NOTE, MOST_AT_ONCE
from readiness.services.comments import LONGEST_COMMENT
from readiness.services.evidence.attesting import KINDS, NewAttestation
from readiness.services.evidence.filing import FILED_KINDS, TEXT_LIMIT, NewEvidence
from readiness.services.importing import Importing
from readiness.services.reviews import NewReview
from readiness.services.signing import SignatureRequest


class ReviewInput(serializers.Serializer[Any]):
    """`template` is a template's slug or id; its newest published version counts
    unless `version` names another."""

    template = serializers.CharField(max_length=80)
    version = WholeField(required=False, min_value=1)
    release = serializers.CharField(max_length=80)
    commit = serializers.CharField(max_length=40)
    environment = serializers.ChoiceField([place.value for place in Environment])
    imported_ticks = TrueOrFalseField(required=False, default=False)


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


class DeploymentInput(serializers.Serializer[Any]):
    """`review`, or as the gate names it: release, environment and commit."""

    review = serializers.UUIDField(required=False)
    release = serializers.CharField(required=False, max_length=80)
    environment = serializers.ChoiceField(
        [place.value for place in Environment], required=False
    )
    commit = serializers.CharField(required=False, max_length=40)


class EndingInput(serializers.Serializer[Any]):
    """Why a review ends."""

    reason = serializers.CharField(max_length=LONGEST_REASON)


class FollowUpInput(serializers.Serializer[Any]):
    """What was seen."""

    note = serializers.CharField(max_length=LONGEST_REASON)


class NextReviewInput(serializers.Serializer[Any]):
    day = serializers.DateField()


class ClaimInput(serializers.Serializer[Any]):
    """`revision` may stand in If-Match instead."""

    done = TrueOrFalseField()
    revision = WholeField(required=False, min_value=0)
    note = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=LONGEST_NOTE
    )


class SeenLineInput(serializers.Serializer[Any]):
    """A line and the revision that was seen of it."""

    item = WholeField(min_value=1)
    revision = WholeField(min_value=0)


class ClaimsInput(serializers.Serializer[Any]):
    """Several lines of one review, each once."""

    done = TrueOrFalseField()
    note = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=LONGEST_NOTE
    )
    lines = serializers.ListField(
        child=SeenLineInput(), allow_empty=False, max_length=MOST_AT_ONCE
    )


def seen_lines(request: Request) -> tuple[dict[str, Any], dict[int, int]]:
    """The body, and {line: revision}. Raises Invalid for what is no object of them and
    for a line that stands there twice."""
    body = read_body(request, ClaimsInput)
    sent: Any = request.data
    for number, line in enumerate(sent["lines"]):
        if odd := set(line) - set(SeenLineInput().fields):
            where = f"/lines/{number}/{min(odd, key=str)}"
            raise Invalid.of([FieldError(where, "unknown", "is not a field of this.")])
    seen = {line["item"]: line["revision"] for line in body["lines"]}
    if len(seen) < len(body["lines"]):
        fault = FieldError("/lines", "repeated", "a line stands there twice")
        raise Invalid.of([fault])
    return body, seen


class AssignInput(serializers.Serializer[Any]):
    """A username; null: nobody."""

    assignee = serializers.CharField(max_length=150, allow_null=True)


class SectionInput(serializers.Serializer[Any]):
    """A section's slug, and a username; null: nobody."""

    section = serializers.CharField(max_length=200)
    owner = serializers.CharField(max_length=150, allow_null=True)


class NoteInput(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(ReviewNote.Kind.values)
    text = serializers.CharField(max_length=notes.LONGEST)


class RestoreInput(serializers.Serializer[Any]):
    """`revision` may stand in If-Match instead; `signoff` is a signature's id."""

    revision = WholeField(required=False, min_value=0)
    signoff = serializers.UUIDField()


class EvidenceInput(serializers.Serializer[Any]):
    """One of a text, a link and a file, which comes as multipart. `kind` may say which:
    `output` is a text."""

    kind = serializers.ChoiceField([kind.value for kind in FILED_KINDS], required=False)
    summary = serializers.CharField(max_length=500)
    text = Verbatim(required=False, allow_blank=True, max_length=TEXT_LIMIT)
    link = serializers.URLField(required=False, allow_blank=True)


class EvidenceUpload(EvidenceInput):
    """The same as a form, which can hold a file."""

    file = serializers.FileField(required=False)


class AttestationInput(serializers.Serializer[Any]):
    """`commit`: the 40 digits of the commit whose tests ran."""

    kind = serializers.ChoiceField(KINDS)
    commit = serializers.CharField(max_length=40)
    file = serializers.FileField()


def new_attestation(request: Request) -> NewAttestation:
    """One byte more than a report may have is enough to refuse it."""
    body = read_body(request, AttestationInput)
    file = body["file"]
    content = file.read(MOST_BYTES_OF_A_REPORT + 1)
    return NewAttestation(body["kind"], body["commit"].lower(), content, file.name)


def new_evidence(request: Request) -> NewEvidence:
    """What `kind` announces, else the one thing that is there; an announced text or
    link that is not there is empty.

    Raises Invalid for a file that is not there, and for more than one thing: the others
    would be dropped in silence.
    """
    body = read_body(request, EvidenceUpload)
    summary = body["summary"]
    given = [name for name in ("text", "link", "file") if body.get(name)]
    if "kind" not in body and len(given) != 1:
        raise Invalid("Send one of `text`, `link` and `file`.", code="kind")
    kind = body.get("kind") or ("output" if given == ["text"] else given[0])
    announced = "text" if kind == "output" else kind
    if wrong := [name for name in given if name != announced]:
        raise Invalid.of(
            [FieldError(f"/{wrong[0]}", "kind", f"is not what {kind!r} announces")]
        )
    if kind != "file":
        return NewEvidence(kind, summary, body.get(announced, "").encode())
    upload = body.get("file")
    if upload is None:
        raise Invalid("Send the file as multipart field `file`.", code="file")
    stated = (upload.content_type or "").lower()
    return NewEvidence(kind, summary, upload.read(), upload.name, stated)


class CommentInput(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=LONGEST_COMMENT)


class WaiverInput(serializers.Serializer[Any]):
    """`ends` at most 30 days from now, with an offset."""

    reason = serializers.CharField(max_length=LONGEST_TEXT)
    risk = serializers.CharField(max_length=LONGEST_TEXT)
    ends = serializers.DateTimeField()


def new_waiver(request: Request) -> NewWaiver:
    return NewWaiver(**read_body(request, WaiverInput))


class NotApplicableInput(serializers.Serializer[Any]):
    """Why the line has nothing to say here."""

    reason = serializers.CharField(max_length=LONGEST_TEXT)


class SignatureInput(serializers.Serializer[Any]):
    """`statement_sha256` is of the statement that you read."""

    role = serializers.CharField(max_length=150)
    meaning = serializers.CharField(max_length=20)
    statement_sha256 = serializers.CharField(max_length=64, allow_blank=True)
    password = Verbatim(max_length=256, trim_whitespace=False)
    passphrase = Verbatim(max_length=256, trim_whitespace=False)
    note = serializers.CharField(
        max_length=signing.LONGEST_NOTE, allow_blank=True, default=""
    )


def signature_request(request: Request) -> SignatureRequest:
    return SignatureRequest(**read_body(request, SignatureInput))


class ChecklistInput(serializers.Serializer[Any]):
    """A document's text. A new template called `name` (without it, as the document
    is titled), or a version of `template` (its slug or id). `repair`: also the
    repairs of wrongly decoded bytes that would only be offered."""

    text = Verbatim(allow_blank=True, trim_whitespace=False)
    name = serializers.CharField(required=False, allow_blank=True, max_length=200)
    template = serializers.CharField(required=False, allow_blank=True, max_length=80)
    repair = TrueOrFalseField(required=False, default=False)


class ChecklistUpload(ChecklistInput):
    """The same as a form, which can hold the document as a file."""

    file = serializers.FileField(required=False)
    text = Verbatim(required=False, allow_blank=True, trim_whitespace=False)


def checklist(request: Request) -> tuple[bytes, Importing]:
    """The document's bytes, one more than allowed at most, and how to take it."""
    body = read_body(request, ChecklistUpload)
    name, template = body.get("name", ""), body.get("template", "")
    if name.strip() and template:
        reason = "a version has its template's name: send `name` or `template`"
        raise Invalid.of([FieldError("/name", "both", reason)])
    return _document(body), Importing(name, template, body["repair"])


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

    version = WholeField(required=False, min_value=1)
