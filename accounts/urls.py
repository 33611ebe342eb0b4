from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from accounts import api, views

app_name = "accounts"
urlpatterns: list[URLPattern | URLResolver] = [
    path("accounts/login/", views.login, name="login"),
    path("accounts/logout/", views.logout, name="logout"),
    path("admin/login/", views.admin_login, name="admin-login"),
]
api_urlpatterns: list[URLPattern | URLResolver] = [
    path("token", api.TokenView.as_view(), name="token"),
    path("token/refresh", api.RefreshView.as_view(), name="refresh-token"),
    path("token/revoke", api.RevokeView.as_view(), name="revoke-token"),
    path("me", api.MeView.as_view(), name="me"),
]
