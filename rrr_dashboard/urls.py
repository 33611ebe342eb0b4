"""Every URL of the product. Each app lists its pages in `urlpatterns` (full paths
from the root) and its API in `api_urlpatterns` (paths below /api/, no slash)."""

from __future__ import annotations

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from accounts import urls as accounts
from audit import urls as audit
from operations import urls as operations
from portfolio import urls as portfolio
from readiness import urls as readiness
from rrr_dashboard import api as reference
from rrr_dashboard import views
from rrr_dashboard.styleguide import styleguide
from trades import urls as trades

APPS = (accounts, audit, operations, trades, portfolio, readiness)
api = [path("", include((app.api_urlpatterns, f"{app.app_name}-api"))) for app in APPS]
urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.overview, name="overview"),
    path("search/", views.search, name="search"),
    path("api/", include(api)),
    *(path("", include((app.urlpatterns, app.app_name))) for app in APPS),
    path("openapi.json", reference.openapi, name="openapi"),
    path("docs", reference.docs, name="docs"),
    path("redoc", reference.redoc, name="redoc"),
    path("styleguide/", styleguide, name="styleguide"),
    path("admin/", admin.site.urls),
]
handler400 = "rrr_dashboard.views.bad_request"
handler403 = "rrr_dashboard.views.forbidden"
handler404 = "rrr_dashboard.views.not_found"
handler500 = "rrr_dashboard.views.our_fault"
