from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from accounts import api
from accounts.views import (
    files,
    filters,
    oneself,
    people,
    resets,
    service_accounts,
    sessions,
    tokens,
)

app_name = "accounts"
urlpatterns: list[URLPattern | URLResolver] = [
    path("accounts/login/", oneself.login, name="login"),
    path("accounts/logout/", oneself.logout, name="logout"),
    path("accounts/password/change/", oneself.password, name="password"),
    path("accounts/password/reset/", resets.ask, name="ask-reset"),
    path("accounts/password/reset/<str:token>/", resets.reset, name="reset-password"),
    path("settings/", oneself.settings_of, name="settings"),
    path("settings/sessions/end/", sessions.end_all, name="end-sessions"),
    path("settings/sessions/<str:sid>/end/", sessions.end, name="end-session"),
    path("settings/profile/", oneself.profile, name="profile"),
    path("settings/filters/<slug:of>/", filters.keep, name="filters"),
    path("settings/preferences/", oneself.set_preferences, name="set-preferences"),
    path("settings/signing-key/", oneself.signing_key, name="signing-key"),
    path("settings/signing-key/create/", oneself.create_key, name="create-key"),
    path("settings/signing-key/revoke/", oneself.revoke_key, name="revoke-key"),
    path("settings/tokens/", tokens.listing, name="tokens"),
    path("settings/tokens/tokens.csv", files.own_tokens, name="tokens-file"),
    path("settings/tokens/<str:uid>/revoke/", tokens.revoke, name="revoke-own-token"),
    path("settings/people/", people.listing, name="people"),
    path(
        "settings/people/files/<slug:name>.csv", files.people_table, name="people-file"
    ),
    path("settings/people/<number:pk>/", people.person, name="person"),
    path("settings/people/<number:pk>/disable/", people.disable, name="disable"),
    path("settings/people/<number:pk>/enable/", people.enable, name="enable"),
    path(
        "settings/people/invitations/<uuid:uid>/withdraw/",
        people.withdraw,
        name="withdraw-invitation",
    ),
    path("settings/people/services/", service_accounts.create, name="service-accounts"),
    path(
        "settings/people/services/<number:pk>/",
        service_accounts.show,
        name="service-account",
    ),
    path(
        "settings/people/services/<number:pk>/tokens.csv",
        files.service_tokens,
        name="service-tokens-file",
    ),
    path("accounts/invitation/<str:token>/", people.invitation, name="invitation"),
    path("admin/login/", oneself.admin_login, name="admin-login"),
    path("admin/password_change/", oneself.admin_password, name="admin-password"),
]
api_urlpatterns: list[URLPattern | URLResolver] = [
    path("token", api.TokenView.as_view(), name="token"),
    path("token/refresh", api.RefreshView.as_view(), name="refresh-token"),
    path("token/revoke", api.RevokeView.as_view(), name="revoke-token"),
    path("tokens", api.ServiceTokensView.as_view(), name="service-tokens"),
    path(
        "tokens/<str:uid>/revoke",
        api.RevokeServiceTokenView.as_view(),
        name="revoke-service-token",
    ),
    path("me", api.MeView.as_view(), name="me"),
]
