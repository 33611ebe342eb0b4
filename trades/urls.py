from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from trades import api, views

app_name = "trades"
urlpatterns: list[URLPattern | URLResolver] = [
    path("trades/", views.index, name="index"),
    path("trades/import/", views.upload, name="import"),
    path("trades/import/<uuid:pk>/", views.preview, name="import-preview"),
    path("trades/<int:pk>/", views.trade, name="trade"),
    path("books/", views.books, name="books"),
]
api_urlpatterns: list[URLPattern | URLResolver] = [
    path("trades", api.Trades.as_view(), name="trades"),
    path("trades/import", api.Import.as_view(), name="import"),
    path("trades/<int:pk>", api.Trade.as_view(), name="trade"),
    path("books", api.Books.as_view(), name="books"),
    path("transfers", api.Transfers.as_view(), name="transfers"),
    path("prices", api.Prices.as_view(), name="prices"),
    path("balances", api.Balances.as_view(), name="balances"),
]
