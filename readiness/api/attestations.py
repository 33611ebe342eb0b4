"""Reports of tests and coverage that somebody attests for a commit."""

from __future__ import annotations

from django.http import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.services.idempotency import once
from kernel.access import Access
from kernel.requests import ApiRequest, check_query
from kernel.uploads import REPORT_BYTES
from readiness.answers.items import AttestationAnswer
from readiness.api.reviews import TAGS
from readiness.inputs import AttestationInput, new_attestation
from readiness.services.evidence.attesting import attest


class Attestations(APIView):
    access = Access("readiness.attest", "readiness.claim")
    parser_classes = (MultiPartParser,)
    most_bytes = REPORT_BYTES

    @extend_schema(
        operation_id="attest",
        tags=TAGS,
        request={"multipart/form-data": AttestationInput},
        responses={201: AttestationAnswer},
    )
    def post(self, request: ApiRequest) -> HttpResponseBase:
        """Attest a JUnit or coverage report (at most 10 MB) for a commit under review.
        From a service account's token with scope `evidence:attest` probes read it; from
        a person it is evidence that another confirms."""
        check_query(request)
        new = new_attestation(request)

        def produce() -> Response:
            return Response(AttestationAnswer.of(attest(new, request.user)), status=201)

        return once(request, produce)
