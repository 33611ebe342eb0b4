from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from audit import api, views

app_name = "audit"
urlpatterns: list[URLPattern | URLResolver] = [
    path("audit/", views.index, name="index"),
    path("audit/events.csv", views.events_csv, name="events-file"),
]
api_urlpatterns: list[URLPattern | URLResolver] = [
    path("audit", api.Events.as_view(), name="events"),
    path("audit/verify", api.Verify.as_view(), name="verify"),
    path("audit/checkpoint", api.NewestCheckpoint.as_view(), name="checkpoint"),
]
