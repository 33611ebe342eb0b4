from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from accounts import api
from accounts.views import oneself, people

app_name = "accounts"
urlpatterns: list[URLPattern | URLResolver] = [
    path("accounts/login/", oneself.login, name="login"),
    path("accounts/logout/", oneself.logout, name="logout"),
    path("accounts/password/change/", oneself.password, name="password"),
    path("settings/profile/", oneself.profile, name="profile"),
    path("settings/preferences/", oneself.set_preferences, name="set-preferences"),
    path("settings/signing-key/", oneself.signing_key, name="signing-key"),
    path("settings/signing-key/create/", oneself.create_key, name="create-key"),
    path("settings/signing-key/revoke/", oneself.revoke_key, name="revoke-key"),
    path("settings/people/", people.listing, name="people"),
    path("settings/people/<int:pk>/", people.person, name="person"),
    path(
        "settings/people/invitations/<uuid:uid>/withdraw/",
        people.withdraw,
        name="withdraw-invitation",
    ),
    path("accounts/invitation/<str:token>/", people.invitation, name="invitation"),
    path("admin/login/", oneself.admin_login, name="admin-login"),
]
api_urlpatterns: list[URLPattern | URLResolver] = [
    path("token", api.TokenView.as_view(), name="token"),
    path("token/refresh", api.RefreshView.as_view(), name="refresh-token"),
    path("token/revoke", api.RevokeView.as_view(), name="revoke-token"),
    path("me", api.MeView.as_view(), name="me"),
]
