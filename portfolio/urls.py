from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from portfolio.api import documents, figures
from portfolio.views import files, pages

app_name = "portfolio"
urlpatterns: list[URLPattern | URLResolver] = [
    path("portfolio/", pages.index, name="index"),
    path("portfolio/reconciliation/", pages.reconcile, name="reconciliation"),
    path("portfolio/reconciliation/new/", pages.new_balance, name="new-balance"),
    path(
        "portfolio/reconciliation/<number:pk>/",
        pages.stated,
        name="balance",
    ),
    path("portfolio/positions/<number:pk>/", pages.position, name="position"),
    path("performance/", pages.performance, name="performance"),
    path("portfolio/positions.csv", files.positions_file, name="positions-file"),
    path("portfolio/lots.csv", files.lots_file, name="lots-file"),
    path(
        "portfolio/reconciliation/balances.csv",
        files.stated_file,
        name="balances-file",
    ),
    path(
        "performance/files/<slug:name>.csv",
        files.performance_file,
        name="performance-file",
    ),
    path("performance/metrics/<str:name>/", pages.metric, name="metric"),
]
api_urlpatterns: list[URLPattern | URLResolver] = [
    path("portfolio", figures.PortfolioSummary.as_view(), name="portfolio"),
    path("portfolio/positions", figures.Positions.as_view(), name="positions"),
    path("portfolio/lots", figures.Lots.as_view(), name="lots"),
    path("portfolio/allocation", figures.Allocation.as_view(), name="allocation"),
    path(
        "portfolio/reconciliation",
        figures.ReconciliationView.as_view(),
        name="reconciliation",
    ),
    path("performance", figures.PerformanceSummary.as_view(), name="performance"),
    path("performance/pdf", documents.PerformancePdf.as_view(), name="performance-pdf"),
    path(
        "performance/equity-curve",
        figures.EquityOverTime.as_view(),
        name="equity-curve",
    ),
    path("performance/monthly", figures.Monthly.as_view(), name="monthly"),
    path("performance/drawdowns", figures.Drawdowns.as_view(), name="drawdowns"),
    path("performance/by-strategy", figures.ByStrategy.as_view(), name="by-strategy"),
    path("performance/by-symbol", figures.BySymbol.as_view(), name="by-symbol"),
    path("stats", figures.Stats.as_view(), name="stats"),
]
