from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from portfolio import api
from portfolio.views import files, pages

app_name = "portfolio"
urlpatterns: list[URLPattern | URLResolver] = [
    path("portfolio/", pages.index, name="index"),
    path("portfolio/reconciliation/", pages.reconcile, name="reconciliation"),
    path("portfolio/reconciliation/new/", pages.new_balance, name="new-balance"),
    path(
        "portfolio/reconciliation/<int:pk>/",
        pages.stated,
        name="balance",
    ),
    path("portfolio/positions/<int:pk>/", pages.position, name="position"),
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
    path("portfolio", api.PortfolioSummary.as_view(), name="portfolio"),
    path("portfolio/positions", api.Positions.as_view(), name="positions"),
    path("portfolio/lots", api.Lots.as_view(), name="lots"),
    path("portfolio/allocation", api.Allocation.as_view(), name="allocation"),
    path(
        "portfolio/reconciliation",
        api.ReconciliationView.as_view(),
        name="reconciliation",
    ),
    path("performance", api.PerformanceSummary.as_view(), name="performance"),
    path("performance/equity-curve", api.EquityOverTime.as_view(), name="equity-curve"),
    path("performance/monthly", api.Monthly.as_view(), name="monthly"),
    path("performance/drawdowns", api.Drawdowns.as_view(), name="drawdowns"),
    path("performance/by-strategy", api.ByStrategy.as_view(), name="by-strategy"),
    path("performance/by-symbol", api.BySymbol.as_view(), name="by-symbol"),
    path("stats", api.Stats.as_view(), name="stats"),
]
