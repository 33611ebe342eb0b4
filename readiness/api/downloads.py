"""What a signature is made of, as files: envelope, claims, proof and public key."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework.views import APIView

from kernel.access import Access
from kernel.requests import ApiRequest, check_query
from readiness.models import Signoff
from readiness.queries.downloads import (
    claims_file,
    envelope_file,
    find_signoff,
    key_file,
    proof_file,
)

LINES, TEXT, RAW = "application/x-ndjson", "text/plain", "application/octet-stream"


def _described(operation: str, kind: str) -> Callable[[type[APIView]], type[APIView]]:
    """A decorator of the view whose GET this operation is."""
    form = OpenApiTypes.BINARY if kind == RAW else OpenApiTypes.STR
    answers = {(200, kind): OpenApiResponse(form)}
    described = extend_schema(operation_id=operation, responses=answers)
    return extend_schema_view(get=described)


class _SignoffFile(APIView):
    """One of the files: what it holds, its kind and the end of its name."""

    access = Access("readiness.view")
    content: ClassVar[Callable[[Signoff], bytes]]
    kind: ClassVar[str]
    ending: ClassVar[str]

    def get(self, request: ApiRequest, signoff: UUID) -> HttpResponse:
        check_query(request)
        row = find_signoff(signoff)
        response = HttpResponse(type(self).content(row), content_type=self.kind)
        name = f"{row.uuid}.{self.ending}"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        return response


@_described("signoff_envelope", RAW)
class SignoffEnvelope(_SignoffFile):
    """The DSSE envelope, byte for byte."""

    content, kind, ending = envelope_file, RAW, "dsse.json"


@_described("signoff_claims", LINES)
class SignoffClaims(_SignoffFile):
    """The claims as they were signed, one a line; their tree has the claim root."""

    content, kind, ending = claims_file, LINES, "claims.ndjson"


@_described("signoff_proof", TEXT)
class SignoffProof(_SignoffFile):
    """That its event lies under a signed head of the log, as a C2SP proof."""

    content, kind, ending = proof_file, TEXT, "tlog-proof"


@_described("signoff_key", RAW)
class SignoffKey(_SignoffFile):
    """The signer's raw Ed25519 public key, by its own event in the log."""

    content, kind, ending = key_file, RAW, "ed25519.pub"
