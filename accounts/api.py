"""Tokens and who I am: /api/token…, /api/me."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.answers import Me, TokenPair
from accounts.inputs import Credentials, RefreshBody
from accounts.services import limits, people, tokens
from kernel.access import LOGGED_IN, PUBLIC
from kernel.errors import NotAuthenticated
from kernel.inputs import read_body
from kernel.middleware.compression import uncompressed
from kernel.requests import ApiRequest, check_query


class TokenView(APIView):
    """Log in with name and password."""

    access = PUBLIC
    authentication_classes = ()

    @extend_schema(request=Credentials, responses=TokenPair, tags=["auth"], auth=[])
    def post(self, request: Request) -> Response:
        body = read_body(request, Credentials)
        plain = request._request
        limits.check_login(plain, body["username"])
        user = people.identify(plain, body["username"], body["password"])
        if user is None:
            raise NotAuthenticated(
                "User name and password do not fit.", code="credentials"
            )
        return uncompressed(Response(TokenPair.of(tokens.issue(user))))


class RefreshView(APIView):
    """Exchange a refresh token, once, for a new pair."""

    access = PUBLIC
    authentication_classes = ()

    @extend_schema(request=RefreshBody, responses=TokenPair, tags=["auth"], auth=[])
    def post(self, request: Request) -> Response:
        pair = tokens.refresh(read_body(request, RefreshBody)["refresh"])
        return uncompressed(Response(TokenPair.of(pair)))


class RevokeView(APIView):
    """End the session of a refresh token: its access tokens die with it."""

    access = PUBLIC
    authentication_classes = ()

    @extend_schema(request=RefreshBody, responses={204: None}, tags=["auth"], auth=[])
    def post(self, request: Request) -> Response:
        tokens.revoke(read_body(request, RefreshBody)["refresh"])
        return Response(status=204)


class MeView(APIView):
    """Who I am, my roles and what they let me do."""

    access = LOGGED_IN

    @extend_schema(responses=Me, tags=["auth"])
    def get(self, request: ApiRequest) -> Response:
        check_query(request)
        return Response(Me.of(request.user))
