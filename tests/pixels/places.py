"""Every page as the people of the demo see it, and what they do there."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """One page as one person sees it; `do` is what they do after it has loaded."""

    name: str
    person: str | None
    path: str
    do: str = ""
    status: int = 200
    empty: bool = False


# {words} are ids that `make` found: see `find_ids`.
PLACES = (
    Place("overview-lead", "lead", "/"),
    Place("overview-trader", "trader", "/"),
    Place("overview-operator", "operator", "/"),
    Place("overview-viewer", "viewer", "/"),
    Place("overview-admin", "admin", "/"),
    Place("overview-palette", "lead", "/", do="palette"),
    Place("overview-keys", "lead", "/", do="keys"),
    Place("overview-menu", "lead", "/", do="menu"),
    Place("overview-more", "operator", "/", do="more"),
    Place("portfolio", "trader", "/portfolio/"),
    Place("portfolio-viewer", "viewer", "/portfolio/"),
    Place("portfolio-book", "trader", "/portfolio/?book={book}"),
    Place("position", "trader", "{position}"),
    Place("performance", "trader", "/performance/"),
    Place("performance-viewer", "viewer", "/performance/"),
    Place("performance-book", "trader", "/performance/?book={book}"),
    Place("metric", "trader", "{metric}"),
    Place("trades", "trader", "/trades/"),
    Place("trades-viewer", "viewer", "/trades/"),
    Place("trades-filtered", "trader", "/trades/?symbol=BTC-USD&side=buy"),
    Place("trades-none", "trader", "/trades/?q=nothing-like-this"),
    Place("trades-older", "trader", "/trades/", do="older"),
    Place("trades-drawer", "trader", "/trades/", do="drawer"),
    Place("trade", "trader", "{trade}"),
    Place("books", "trader", "/books/"),
    Place("books-admin", "admin", "/books/"),
    Place("people", "admin", "/settings/people/"),
    Place("person", "admin", "{person}"),
    Place("trades-import", "trader", "/trades/import/"),
    Place("trades-preview", "trader", "{trades_import}"),
    Place("trades-import-wrong", "trader", "/trades/import/", do="wrong file"),
    Place("trade-correct", "trader", "{trade}correct/"),
    Place("trade-void", "trader", "{trade}void/"),
    Place("new-trade", "trader", "/trades/new/"),
    Place("transfers", "trader", "/transfers/"),
    Place("transfers-viewer", "viewer", "/transfers/"),
    Place("new-transfer", "trader", "/transfers/new/"),
    Place("prices", "trader", "/prices/"),
    Place("prices-viewer", "viewer", "/prices/"),
    Place("new-price", "trader", "/prices/new/"),
    Place("splits", "trader", "/splits/"),
    Place("new-split", "trader", "/splits/new/"),
    Place("reconciliation", "trader", "/portfolio/reconciliation/"),
    Place("reconciliation-viewer", "viewer", "/portfolio/reconciliation/"),
    Place("new-balance", "trader", "/portfolio/reconciliation/new/"),
    Place("readiness", "developer", "/readiness/"),
    Place("readiness-admin", "admin", "/readiness/"),
    Place("review", "developer", "{review}"),
    Place("review-lead", "lead", "{review}"),
    Place("review-viewer", "viewer", "{review}"),
    Place("review-draft", "admin", "{second_review}"),
    Place("item-evidence", "developer", "{item_evidence}"),
    Place("item-probe", "devops", "{item_probe}"),
    Place("item-open", "security", "{item_open}"),
    Place("item-viewer", "viewer", "{item_evidence}"),
    Place("sign", "security", "{review}sign/"),
    Place("sign-again", "developer", "{review}sign/"),
    Place("sign-viewer", "viewer", "{review}sign/", status=0),
    Place("sign-refused", "security", "{review}sign/", do="sign wrongly"),
    Place("verify", "lead", "{review}verify/"),
    Place("new-review", "lead", "/readiness/reviews/new/"),
    Place("templates", "admin", "/readiness/templates/"),
    Place("templates-viewer", "viewer", "/readiness/templates/"),
    Place("template-import", "admin", "/readiness/templates/import/"),
    Place("template-import-none", "admin", "/readiness/templates/import/", "no file"),
    Place("template-draft", "admin", "{draft}"),
    Place("template-version", "admin", "/readiness/templates/versions/1/"),
    Place("operations", "operator", "/operations/"),
    Place("operations-viewer", "viewer", "/operations/"),
    Place("jobs", "operator", "/operations/jobs/"),
    Place("jobs-viewer", "viewer", "/operations/jobs/"),
    Place("backups", "operator", "/operations/backups/"),
    Place("backups-viewer", "viewer", "/operations/backups/"),
    Place("alerts", "operator", "/alerts/"),
    Place("alerts-viewer", "viewer", "/alerts/"),
    Place("alert", "operator", "{alert}"),
    Place("alert-viewer", "viewer", "{alert}"),
    Place("rule", "operator", "/alerts/rules/latency-p95/"),
    Place("rule-viewer", "viewer", "/alerts/rules/latency-p95/"),
    Place("rule-wrong", "operator", "/alerts/rules/latency-p95/", do="wrong threshold"),
    Place("audit", "operator", "/audit/"),
    Place("audit-filtered", "admin", "/audit/?action=accounts.login"),
    Place("profile", "developer", "/settings/profile/"),
    Place("signing-key", "developer", "/settings/signing-key/"),
    Place("signing-key-none", "admin", "/settings/signing-key/"),
    Place("password", "developer", "/accounts/password/change/"),
    Place("password-wrong", "developer", "/accounts/password/change/", "no password"),
    Place("login", None, "/accounts/login/"),
    Place("login-wrong", None, "/accounts/login/", do="log in wrongly"),
    Place("nobody", None, "/", status=0),
    Place("error-403", "trader", "/readiness/templates/import/", status=403),
    Place("error-404", "trader", "/trades/999999/", status=404),
    Place("error-404-nobody", None, "/nothing/", status=404),
    Place("docs", None, "/docs", do="docs"),
    Place("redoc", None, "/redoc"),
    *(
        Place(f"empty-{name}", "admin", path, empty=True)
        for name, path in {
            "overview": "/",
            "portfolio": "/portfolio/",
            "performance": "/performance/",
            "trades": "/trades/",
            "books": "/books/",
            "transfers": "/transfers/",
            "prices": "/prices/",
            "splits": "/splits/",
            "reconciliation": "/portfolio/reconciliation/",
            "readiness": "/readiness/",
            "new-review": "/readiness/reviews/new/",
            "templates": "/readiness/templates/",
            "operations": "/operations/",
            "jobs": "/operations/jobs/",
            "backups": "/operations/backups/",
            "alerts": "/alerts/",
            "audit": "/audit/",
        }.items()
    ),
    Place("empty-login", None, "/accounts/login/", empty=True),
)
PRINTED = {"review", "sign", "verify", "trades", "performance", "portfolio", "metric"}
MOVED: dict[str, str] = {}  # the old tree's path -> the new tree's path
