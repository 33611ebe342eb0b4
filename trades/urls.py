from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from trades.api import amendments, books, facts, imports, market, trades
from trades.views import amending, entering, files
from trades.views import books as books_page
from trades.views import imports as import_pages
from trades.views import market as market_pages
from trades.views import trades as pages
from trades.views import transfers as transfer_pages

app_name = "trades"
urlpatterns: list[URLPattern | URLResolver] = [
    path("trades/", pages.index, name="index"),
    path("trades/trades.csv", files.trades_csv, name="csv"),
    path("trades/trades.jsonl", files.trades_jsonl, name="jsonl"),
    path("transfers/transfers.csv", files.transfers_csv, name="transfers-file"),
    path("prices/prices.csv", files.prices_csv, name="prices-file"),
    path("splits/splits.csv", files.splits_csv, name="splits-file"),
    path("books/books.csv", files.books_csv, name="books-file"),
    path("trades/import/", import_pages.upload, name="import"),
    path("trades/imports/imports.csv", files.imports_csv, name="imports-file"),
    path("trades/imports/<uuid:pk>/", import_pages.import_batch, name="import-batch"),
    path(
        "trades/imports/<uuid:pk>/commit/",
        import_pages.commit_import,
        name="import-commit",
    ),
    path(
        "trades/imports/<uuid:pk>/cancel/",
        import_pages.cancel_import,
        name="import-cancel",
    ),
    path(
        "trades/imports/<uuid:pk>/undo/", import_pages.undo_import, name="import-undo"
    ),
    path(
        "trades/imports/<uuid:pk>/columns/",
        import_pages.name_import_columns,
        name="import-columns",
    ),
    path("trades/<number:pk>/", pages.trade, name="trade"),
    path("trades/new/", entering.new_trade, name="new-trade"),
    path("prices/", market_pages.prices, name="prices"),
    path("prices/new/", entering.new_price, name="new-price"),
    path("prices/<number:pk>/", market_pages.price, name="price"),
    path("splits/", market_pages.splits, name="splits"),
    path("splits/new/", entering.new_split, name="new-split"),
    path("splits/<number:pk>/", market_pages.split, name="split"),
    path("trades/<number:pk>/void/", amending.void_trade, name="trade-void"),
    path("trades/<number:pk>/correct/", amending.correct_trade, name="trade-correct"),
    path("books/", books_page.books, name="books"),
    path("transfers/", transfer_pages.transfers, name="transfers"),
    path("transfers/new/", transfer_pages.new_transfer, name="new-transfer"),
    path("transfers/<number:pk>/", transfer_pages.transfer, name="transfer"),
    path("transfers/<number:pk>/void/", amending.void_movement, name="transfer-void"),
    path(
        "transfers/<number:pk>/correct/",
        amending.correct_movement,
        name="transfer-correct",
    ),
]
api_urlpatterns: list[URLPattern | URLResolver] = [
    path("trades", trades.TradesView.as_view(), name="trades"),
    path("trades/import", imports.ImportView.as_view(), name="import"),
    path("trades/imports", imports.ImportsView.as_view(), name="imports"),
    path(
        "trades/imports/<uuid:pk>",
        imports.ImportBatchView.as_view(),
        name="import-batch",
    ),
    path(
        "trades/imports/<uuid:pk>/commit",
        imports.ImportCommitView.as_view(),
        name="import-commit",
    ),
    path(
        "trades/imports/<uuid:pk>/undo",
        imports.ImportUndoView.as_view(),
        name="import-undo",
    ),
    path(
        "trades/imports/<uuid:pk>/cancel",
        imports.ImportCancelView.as_view(),
        name="import-cancel",
    ),
    path("trades/<number:pk>", trades.TradeView.as_view(), name="trade"),
    path(
        "trades/<number:pk>/void", amendments.VoidTradeView.as_view(), name="trade-void"
    ),
    path(
        "trades/<number:pk>/correct",
        amendments.CorrectTradeView.as_view(),
        name="trade-correct",
    ),
    path(
        "transfers/<number:pk>/void",
        amendments.VoidTransferView.as_view(),
        name="transfer-void",
    ),
    path(
        "transfers/<number:pk>/correct",
        amendments.CorrectTransferView.as_view(),
        name="transfer-correct",
    ),
    path("books", books.BooksView.as_view(), name="books"),
    path("transfers", facts.TransfersView.as_view(), name="transfers"),
    path("prices", market.PricesView.as_view(), name="prices"),
    path("prices/<number:pk>/void", market.PriceVoidView.as_view(), name="price-void"),
    path(
        "prices/<number:pk>/correct",
        market.PriceCorrectView.as_view(),
        name="price-correct",
    ),
    path("splits", market.SplitsView.as_view(), name="splits"),
    path("splits/<number:pk>/void", market.SplitVoidView.as_view(), name="split-void"),
    path(
        "splits/<number:pk>/correct",
        market.SplitCorrectView.as_view(),
        name="split-correct",
    ),
    path("balances", facts.BalancesView.as_view(), name="balances"),
    path(
        "balances/<number:pk>/void",
        facts.BalanceVoidView.as_view(),
        name="balance-void",
    ),
    path(
        "balances/<number:pk>/correct",
        facts.BalanceCorrectView.as_view(),
        name="balance-correct",
    ),
]
