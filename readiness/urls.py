from __future__ import annotations

from django.urls import URLPattern, URLResolver

app_name = "readiness"
urlpatterns: list[URLPattern | URLResolver] = []
api_urlpatterns: list[URLPattern | URLResolver] = []
