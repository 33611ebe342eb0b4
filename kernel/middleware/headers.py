"""Security headers and the content policy, on every answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

from csp.constants import HEADER
from csp.middleware import CheckableLazyObject, CSPMiddleware, PolicyParts
from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase


class HeadersMiddleware:
    """Security headers that Django has no setting for, on every answer."""

    HEADERS = {
        "X-XSS-Protection": "0",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        for name, value in self.HEADERS.items():
            response.setdefault(name, value)
        if settings.SECURE_HSTS_SECONDS:
            response.setdefault(
                "Strict-Transport-Security",
                f"max-age={settings.SECURE_HSTS_SECONDS}; includeSubDomains",
            )
        # Pages show money and names: nothing of them stays in a cache. Static files
        # and the schema have said otherwise before they come by here.
        response.setdefault("Cache-Control", "no-store")
        response["Reporting-Endpoints"] = f'csp="{settings.CSP_REPORT_PATH}"'
        return response


class ContentPolicyMiddleware(CSPMiddleware):
    """django-csp, with Trusted Types on our own pages only: the admin site's own
    scripts do not know them. The policy is built once, not for each answer: only the
    nonce is another, and what views ask for themselves."""

    WITHOUT_TRUSTED_TYPES = ("/admin/",)
    NONCE = "<nonce>"

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        super().__init__(get_response)
        self._built: dict[tuple[bool, bool], str] = {}

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if settings.DEBUG or any(name.startswith("_csp_") for name in vars(response)):
            return super().process_response(request, response)
        response.setdefault(HEADER, self._policy(request, response))
        if getattr(request, "_csp_nonce", None) is None:
            # Whoever asks for one now is told that it is too late.
            late = CheckableLazyObject(self._csp_nonce_post_response)
            request.csp_nonce = late  # type: ignore[attr-defined]
        return response

    def _policy(self, request: HttpRequest, response: HttpResponseBase) -> str:
        nonce = getattr(request, "_csp_nonce", None)
        key = request.path.startswith(self.WITHOUT_TRUSTED_TYPES), nonce is not None
        built = self._built.get(key)
        if built is None:
            parts = self.get_policy_parts(request, response)
            parts.nonce = self.NONCE if nonce else None
            built = self._built[key] = build_policy(**asdict(parts))
        return built.replace(self.NONCE, nonce) if nonce else built

    def get_policy_parts(
        self,
        request: HttpRequest,
        response: HttpResponseBase,
        report_only: bool = False,
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        if request.path.startswith(self.WITHOUT_TRUSTED_TYPES):
            off = {"require-trusted-types-for": None, "trusted-types": None}
            parts.replace = {**(parts.replace or {}), **off}
        return parts
