"""Tokens and who I am: /api/token…, /api/tokens…, /api/me."""

from __future__ import annotations

from django.http.response import HttpResponseBase
from django.utils.decorators import method_decorator
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.answers import (
    Me,
    NewServiceToken,
    ServiceTokenAnswer,
    ServiceTokenList,
    TokenPair,
)
from accounts.inputs import Credentials, RefreshBody, ServiceTokenBody
from accounts.queries import token_named, tokens_page
from accounts.services import login_limits, people, service_tokens, tokens
from accounts.services.idempotency import once
from accounts.services.limits import gate
from kernel.access import LOGGED_IN, PUBLIC, Access
from kernel.api import PAGE_PARAMETERS, page_response
from kernel.errors import BadRequest, NotAuthenticated
from kernel.inputs import read_body, read_nothing
from kernel.middleware.compression import uncompressed
from kernel.requests import ApiRequest, check_query, limit_of


@method_decorator(gate("login"), name="post")
class TokenView(APIView):
    """Log in with name and password."""

    access = PUBLIC
    authentication_classes = ()

    @extend_schema(
        operation_id="token_create",
        request=Credentials,
        responses=TokenPair,
        tags=["auth"],
        auth=[],
    )
    def post(self, request: Request) -> Response:
        check_query(request)
        body = read_body(request, Credentials)
        plain = request._request
        attempt = login_limits.check_login(plain, body["username"])
        user = people.identify(plain, body["username"], body["password"])
        if user is None:
            raise NotAuthenticated(
                "User name and password do not fit.", code="credentials"
            )
        attempt.was_right()
        return uncompressed(Response(TokenPair.of(tokens.issue(user))))


class RefreshView(APIView):
    """Exchange a refresh token, once, for a new pair."""

    access = PUBLIC
    authentication_classes = ()

    @extend_schema(
        operation_id="token_refresh",
        request=RefreshBody,
        responses=TokenPair,
        tags=["auth"],
        auth=[],
    )
    def post(self, request: Request) -> Response:
        check_query(request)
        pair = tokens.refresh(read_body(request, RefreshBody)["refresh"])
        return uncompressed(Response(TokenPair.of(pair)))


class RevokeView(APIView):
    """End the session of a refresh token: its access tokens die with it."""

    access = PUBLIC
    authentication_classes = ()

    @extend_schema(
        operation_id="token_revoke",
        request=RefreshBody,
        responses={204: None},
        tags=["auth"],
        auth=[],
    )
    def post(self, request: Request) -> Response:
        check_query(request)
        tokens.revoke(read_body(request, RefreshBody)["refresh"])
        return Response(status=204)


class MeView(APIView):
    """Who I am, my roles and what they let me do."""

    access = LOGGED_IN

    @extend_schema(operation_id="me", responses=Me, tags=["auth"])
    def get(self, request: ApiRequest) -> Response:
        check_query(request)
        return Response(Me.of(request.user))


class ServiceTokensView(APIView):
    """One's own service tokens: what programs of one's own call the API with."""

    access = Access("people.own_tokens", objects="own tokens")

    @extend_schema(
        operation_id="service_tokens_list",
        parameters=PAGE_PARAMETERS,
        responses=ServiceTokenList,
        tags=["auth"],
    )
    def get(self, request: ApiRequest) -> Response:
        """One's own service tokens, newest first, without their secrets."""
        check_query(request, "limit", "cursor")
        page = tokens_page(
            request.user,
            limit=limit_of(request),
            cursor=request.query_params.get("cursor", ""),
        )
        answer = ServiceTokenList(
            tokens=[ServiceTokenAnswer.of(token) for token in page.rows],
            next_cursor=page.next_cursor,
        )
        return page_response(request, answer)

    @extend_schema(
        operation_id="service_token_make",
        request=ServiceTokenBody,
        responses={201: NewServiceToken},
        extensions={"x-shown-once": True},
        tags=["auth"],
    )
    def post(self, request: ApiRequest) -> Response:
        """Make a service token. Its text is in this answer and nowhere else, so that it
        takes no Idempotency-Key."""
        check_query(request)
        if "Idempotency-Key" in request.headers:
            raise BadRequest(
                "This answer is given once and kept nowhere: send no Idempotency-Key.",
                code="idempotency_key",
            )
        new = service_tokens.NewToken(**read_body(request, ServiceTokenBody))
        row, text = service_tokens.make(new, request.user, by=request.user)
        response = Response(NewServiceToken.made(row, text), status=201)
        response["Cache-Control"] = "no-store"
        return uncompressed(response)


class RevokeServiceTokenView(APIView):
    """End a service token."""

    access = Access("people.own_tokens", "people.manage", objects="own tokens")

    @extend_schema(
        operation_id="service_token_revoke",
        request=None,
        responses={204: None},
        tags=["auth"],
    )
    def post(self, request: ApiRequest, uid: str) -> HttpResponseBase:
        """End a service token. One's own, or (Administrators) a service account's;
        twice is fine."""
        check_query(request)

        read_nothing(request)

        def produce() -> Response:
            token = token_named(uid, seen_by=request.user)
            service_tokens.revoke(token, by=request.user)
            return Response(status=204)

        return once(request, produce)
