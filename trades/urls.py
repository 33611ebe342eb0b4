from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from trades import views
from trades.api import amendments, books, facts, imports, market, trades

app_name = "trades"
urlpatterns: list[URLPattern | URLResolver] = [
    path("trades/", views.index, name="index"),
    path("trades/import/", views.upload, name="import"),
    path("trades/import/<uuid:pk>/", views.preview, name="import-preview"),
    path("trades/<int:pk>/", views.trade, name="trade"),
    path("books/", views.books, name="books"),
]
api_urlpatterns: list[URLPattern | URLResolver] = [
    path("trades", trades.TradesView.as_view(), name="trades"),
    path("trades/import", imports.ImportView.as_view(), name="import"),
    path("trades/<int:pk>", trades.TradeView.as_view(), name="trade"),
    path("trades/<int:pk>/void", amendments.VoidTradeView.as_view(), name="trade-void"),
    path(
        "trades/<int:pk>/correct",
        amendments.CorrectTradeView.as_view(),
        name="trade-correct",
    ),
    path(
        "transfers/<int:pk>/void",
        amendments.VoidTransferView.as_view(),
        name="transfer-void",
    ),
    path(
        "transfers/<int:pk>/correct",
        amendments.CorrectTransferView.as_view(),
        name="transfer-correct",
    ),
    path("books", books.BooksView.as_view(), name="books"),
    path("transfers", facts.TransfersView.as_view(), name="transfers"),
    path("prices", market.PricesView.as_view(), name="prices"),
    path("prices/<int:pk>/void", market.PriceVoidView.as_view(), name="price-void"),
    path(
        "prices/<int:pk>/correct",
        market.PriceCorrectView.as_view(),
        name="price-correct",
    ),
    path("splits", market.SplitsView.as_view(), name="splits"),
    path("splits/<int:pk>/void", market.SplitVoidView.as_view(), name="split-void"),
    path(
        "splits/<int:pk>/correct",
        market.SplitCorrectView.as_view(),
        name="split-correct",
    ),
    path("balances", facts.BalancesView.as_view(), name="balances"),
]
