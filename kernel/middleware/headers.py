"""Security headers and the content policy, on every answer."""

from __future__ import annotations

from collections.abc import Callable

from csp.middleware import CSPMiddleware, PolicyParts
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
    scripts do not know them."""

    WITHOUT_TRUSTED_TYPES = ("/admin/",)

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
