"""Tokens and who I am: /api/token…, /api/me."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, cast

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from accounts.models import User
from accounts.queries import permissions_of, roles_of
from accounts.serializers import Credentials, Me, PairAnswer, RefreshBody
from accounts.services import limits, people, tokens
from kernel.access import LOGGED_IN, PUBLIC
from kernel.errors import NotAuthenticated
from kernel.middleware.compression import uncompressed
from kernel.requests import check_query


def _body(serializer: type[Serializer[Any]], request: Request) -> dict[str, str]:
    given = serializer(data=request.data)
    given.is_valid(raise_exception=True)
    return cast(dict[str, str], given.validated_data)


class TokenView(APIView):
    """Log in with name and password."""

    access = PUBLIC
    authentication_classes = ()

    @extend_schema(request=Credentials, responses=PairAnswer, tags=["auth"], auth=[])
    def post(self, request: Request) -> Response:
        body = _body(Credentials, request)
        plain = request._request
        limits.check_login(plain, body["username"])
        user = people.identify(plain, body["username"], body["password"])
        if user is None:
            raise NotAuthenticated(
                "User name and password do not fit.", code="credentials"
            )
        return uncompressed(Response(asdict(tokens.issue(user))))


class RefreshView(APIView):
    """Exchange a refresh token, once, for a new pair."""

    access = PUBLIC
    authentication_classes = ()

    @extend_schema(request=RefreshBody, responses=PairAnswer, tags=["auth"], auth=[])
    def post(self, request: Request) -> Response:
        pair = tokens.refresh(_body(RefreshBody, request)["refresh"])
        return uncompressed(Response(asdict(pair)))


class RevokeView(APIView):
    """End the session of a refresh token: its access tokens die with it."""

    access = PUBLIC
    authentication_classes = ()

    @extend_schema(request=RefreshBody, responses={204: None}, tags=["auth"], auth=[])
    def post(self, request: Request) -> Response:
        tokens.revoke(_body(RefreshBody, request)["refresh"])
        return Response(status=204)


class MeView(APIView):
    """Who I am, my roles and what they let me do."""

    access = LOGGED_IN

    @extend_schema(responses=Me, tags=["auth"])
    def get(self, request: Request) -> Response:
        check_query(request)
        user = cast(User, request.user)
        return Response(
            {
                "username": user.username,
                "roles": roles_of(user),
                "permissions": permissions_of(user),
            }
        )
