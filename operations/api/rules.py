"""The rules of the alerts over HTTP."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kernel.access import Access
from kernel.api import PAGE_PARAMETERS, page_response
from kernel.inputs import read_body
from kernel.paging import in_order
from kernel.requests import ApiRequest, check_query, limit_of, revision_of
from operations import queries
from operations.answers import RuleAnswer, RuleList
from operations.inputs import RuleChange
from operations.models import Rule
from operations.services import rules


class Rules(APIView):
    access = Access("operations.view")

    @extend_schema(
        operation_id="rules_list", parameters=PAGE_PARAMETERS, responses=RuleList
    )
    def get(self, request: Request) -> Response:
        """The rules by name, with threshold and revision."""
        check_query(request, "limit", "cursor")
        page = in_order(
            queries.rules(),
            key=lambda rule: (rule.name,),
            limit=limit_of(request),
            cursor=request.query_params.get("cursor", ""),
        )
        answer = RuleList(
            rules=[RuleAnswer.of(rule) for rule in page.rows],
            next_cursor=page.next_cursor,
        )
        return page_response(request, answer)


class SingleRule(APIView):
    access = Access("operations.view", writes=("operations.manage",))

    @extend_schema(operation_id="rule_read", responses=RuleAnswer)
    def get(self, request: Request, name: str) -> Response:
        """One rule; its ETag is the revision that a PATCH names."""
        check_query(request)
        return _with_revision(queries.rule(name))

    @extend_schema(operation_id="rule_change", request=RuleChange, responses=RuleAnswer)
    def patch(self, request: ApiRequest, name: str) -> Response:
        """Change the threshold; stale: 409 by body, 412 by If-Match, neither: 428."""
        check_query(request)
        change = read_body(request, RuleChange)
        rule = rules.set_threshold(
            name,
            change["threshold"],
            revision=revision_of(request),
            by=request.user,
        )
        return _with_revision(rule)


def _with_revision(rule: Rule) -> Response:
    return Response(RuleAnswer.of(rule), headers={"ETag": f'"{rule.revision}"'})
