"""One line of a review: what is known of it, and what people do to it."""

from __future__ import annotations

from django.http import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.services.idempotency import once
from kernel.access import Access
from kernel.api import StrictJSONParser
from kernel.inputs import read_body, read_nothing
from kernel.requests import ApiRequest, check_query, revision_of
from kernel.uploads import EVIDENCE_BYTES
from readiness.answers.items import (
    AskedProbesAnswer,
    CommentAnswer,
    FiledAnswer,
    ItemAnswer,
    RecordAnswer,
    WholeItemAnswer,
)
from readiness.api.reviews import TAGS
from readiness.inputs import (
    ClaimInput,
    CommentInput,
    EvidenceInput,
    EvidenceUpload,
    RestoreInput,
    new_evidence,
)
from readiness.models import NotApplicable, ReviewItem, Waiver
from readiness.queries.board import BoardRow, board
from readiness.queries.exemptions import exemptions_of
from readiness.queries.item import (
    comments_of,
    evidence_of,
    find_evidence,
    find_item,
)
from readiness.services.claims import claim_item
from readiness.services.comments import comment
from readiness.services.evidence.collecting import run_now
from readiness.services.evidence.filing import confirm_evidence, file_evidence
from readiness.services.restoring import restore_item

CLAIMS = Access("readiness.view", writes=("readiness.claim",))


def row_of(item: ReviewItem) -> BoardRow:
    return board(item.review, timezone.now()).by_id[item.pk]


def revision_header(row: BoardRow) -> dict[str, str]:
    """The ETag of a line is the revision that a claim names."""
    return {"ETag": f'"{row.claim.revision}"'}


class OneItem(APIView):
    access = Access("readiness.view")

    @extend_schema(operation_id="item_read", tags=TAGS, responses=WholeItemAnswer)
    def get(self, request: ApiRequest, item: int) -> Response:
        """An item with checks, evidence history, waivers and comments; its ETag
        begins with the revision that a claim names."""
        check_query(request)
        line = find_item(item)
        row = row_of(line)
        answer = WholeItemAnswer.with_history(
            row,
            history=evidence_of(line),
            comments=comments_of(line),
            waivers=exemptions_of(Waiver, line),
            not_applicable=exemptions_of(NotApplicable, line),
        )
        return Response(answer)


class ItemClaim(APIView):
    access = CLAIMS

    @extend_schema(
        operation_id="item_claim", tags=TAGS, request=ClaimInput, responses=ItemAnswer
    )
    def post(self, request: ApiRequest, item: int) -> Response:
        """Say that it is done, or take that back. Stale: 409 by body, 412 by
        If-Match; neither: 428."""
        check_query(request)
        body = read_body(request, ClaimInput)
        line = claim_item(
            item,
            done=body["done"],
            revision=revision_of(request),
            note=body["note"],
            by=request.user,
        )
        row = row_of(line)
        return Response(ItemAnswer.of(row), headers=revision_header(row))


class ItemRestore(APIView):
    access = CLAIMS

    @extend_schema(
        operation_id="item_restore",
        tags=TAGS,
        request=RestoreInput,
        responses=ItemAnswer,
    )
    def post(self, request: ApiRequest, item: int) -> Response:
        """Bring a line back to what a signature holds of it: the claim and the blanks.
        Whom the signature names may, and whoever made the change; a claim that its
        claimant withdrew only they make again. Stale as for a claim."""
        check_query(request)
        body = read_body(request, RestoreInput)
        restore_item(
            find_item(item), body["signoff"], revision_of(request), request.user
        )
        row = row_of(find_item(item))
        return Response(ItemAnswer.of(row), headers=revision_header(row))


class ItemRun(APIView):
    access = Access("readiness.run")

    @extend_schema(
        operation_id="item_run",
        tags=TAGS,
        request=None,
        responses={202: AskedProbesAnswer},
    )
    def post(self, request: ApiRequest, item: int) -> HttpResponseBase:
        """Ask for the item's probes now; their results follow within seconds."""
        check_query(request)
        read_nothing(request)

        def produce() -> Response:
            line = find_item(item)
            asked = run_now(line, line.item.checks.all())
            return Response(AskedProbesAnswer(probes=asked), status=202)

        return once(request, produce)


class ItemEvidence(APIView):
    access = CLAIMS
    parser_classes = (StrictJSONParser, MultiPartParser)
    most_bytes = EVIDENCE_BYTES

    @extend_schema(
        operation_id="evidence_file",
        tags=TAGS,
        request={
            "application/json": EvidenceInput,
            "multipart/form-data": EvidenceUpload,
        },
        responses={201: FiledAnswer},
    )
    def post(self, request: ApiRequest, item: int) -> HttpResponseBase:
        """File a text, a link or a file; it counts once another person confirms."""
        check_query(request)
        new = new_evidence(request)

        def produce() -> Response:
            line = find_item(item)
            evidence = file_evidence(line, new, request.user)
            place = (line.review.uuid, line.pk, evidence.pk)
            url = reverse("readiness:evidence-blob", args=place)
            return Response(FiledAnswer.filed(evidence, url), status=201)

        return once(request, produce)


class EvidenceConfirmation(APIView):
    access = CLAIMS

    @extend_schema(
        operation_id="evidence_confirm", tags=TAGS, request=None, responses=RecordAnswer
    )
    def post(self, request: ApiRequest, item: int, evidence: int) -> HttpResponseBase:
        """Agree, as another person, with what was filed."""
        check_query(request)
        read_nothing(request)

        def produce() -> Response:
            line = find_item(item)
            confirm_evidence(line, evidence, request.user)
            return Response(RecordAnswer.of(find_evidence(line, evidence)))

        return once(request, produce)


class ItemComments(APIView):
    access = CLAIMS

    @extend_schema(
        operation_id="item_comment",
        tags=TAGS,
        request=CommentInput,
        responses={201: CommentAnswer},
    )
    def post(self, request: ApiRequest, item: int) -> HttpResponseBase:
        """Say something about an item; comments are never signed."""
        check_query(request)
        body = read_body(request, CommentInput)

        def produce() -> Response:
            said = comment(find_item(item), body["text"], request.user)
            return Response(CommentAnswer.of(said), status=201)

        return once(request, produce)
