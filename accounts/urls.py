from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from accounts import api, views

app_name = "accounts"
urlpatterns: list[URLPattern | URLResolver] = [
    path("accounts/login/", views.login, name="login"),
    path("accounts/logout/", views.logout, name="logout"),
    path("accounts/password/change/", views.password, name="password"),
    path("settings/profile/", views.profile, name="profile"),
    path("settings/preferences/", views.set_preferences, name="set-preferences"),
    path("settings/signing-key/", views.signing_key, name="signing-key"),
    path("settings/signing-key/create/", views.create_key, name="create-key"),
    path("settings/signing-key/revoke/", views.revoke_key, name="revoke-key"),
    path("admin/login/", views.admin_login, name="admin-login"),
]
api_urlpatterns: list[URLPattern | URLResolver] = [
    path("token", api.TokenView.as_view(), name="token"),
    path("token/refresh", api.RefreshView.as_view(), name="refresh-token"),
    path("token/revoke", api.RevokeView.as_view(), name="revoke-token"),
    path("me", api.MeView.as_view(), name="me"),
]
