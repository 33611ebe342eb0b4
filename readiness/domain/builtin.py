"""The checks of the product's own checklist, named per item key.

A probe that this installation lacks is bound all the same: the board then says
"probe X is not available", and the line stays unproven.
"""

from __future__ import annotations

from collections.abc import Mapping

from readiness.domain.parsing.document import Proposal
from readiness.domain.parsing.proposals import DAY, HOUR, MINUTE, PER_COMMIT

SLUG = "production-readiness"


def _check(
    probe: str, freshness: int, threshold: str | None = None, **params: str
) -> tuple[Proposal, ...]:
    return (Proposal(probe, params, threshold, freshness),)


def _header(name: str) -> tuple[Proposal, ...]:
    return _check("headers", HOUR, header=name)


def _key(name: str) -> tuple[Proposal, ...]:
    return _check("env_secrets", DAY, name=name)


def _window(metric: str, threshold: str | None) -> tuple[Proposal, ...]:
    return _check("window", DAY, threshold, metric=metric)


CHECKS: Mapping[str, tuple[Proposal, ...]] = {
    "SEC-01": _check("cors", DAY),
    "SEC-02": _check("env_secrets", DAY),
    "SEC-02.1": _key("POLYGON_API_KEY"),
    "SEC-02.2": _key("PERPLEXITY_API_KEY"),
    "SEC-02.3": _key("ANTHROPIC_API_KEY"),
    "SEC-02.4": _key("COINBASE_API_KEY"),
    "SEC-02.5": _key("COINBASE_API_SECRET"),
    "SEC-02.6": _key("QWEN_API_KEY"),
    "SEC-03": _check("jwt", DAY),
    "SEC-03.1": _check("secret_strength", DAY),
    "SEC-03.2": _check("jwt_expiry", DAY),
    "SEC-03.3": _check("jwt_revoke", DAY),
    "SEC-04": _check("ratelimit", DAY),
    "SEC-04.1": _check("ratelimit", DAY, window="minute"),
    "SEC-04.2": _check("ratelimit", DAY, window="hour"),
    "SEC-04.3": _check("ratelimit", DAY, window="second"),
    "SEC-05": _check("headers", HOUR),
    "SEC-05.1": _header("X-Content-Type-Options"),
    "SEC-05.2": _header("X-Frame-Options"),
    "SEC-05.3": _header("X-XSS-Protection"),
    "SEC-05.4": _header("Content-Security-Policy"),
    "SEC-05.5": _header("Strict-Transport-Security"),
    "SEC-06": _check("schema_fuzz", PER_COMMIT),
    "SEC-07": _check("audit_log", 2 * HOUR),
    "SEC-08": _check("tls_cert", 6 * HOUR, ">= 21"),
    "SEC-10": _check("bandit", PER_COMMIT) + _check("pip_audit", PER_COMMIT),
    "PRF-01": _check("redis", 5 * MINUTE),
    "PRF-01.1": _check("redis", 5 * MINUTE),
    "PRF-01.2": _check("cache_hit", 15 * MINUTE, "> 70"),
    "PRF-02.1": _check("db_pragmas", DAY, "== wal", pragma="journal_mode"),
    "PRF-02.2": _check("db_pragmas", DAY, ">= 64", pragma="cache_size"),
    "PRF-02.3": _check("db_pool", DAY),
    "PRF-03": _check("latency", PER_COMMIT, "< 200", percentile="99"),
    "PRF-03.1": _check("latency", PER_COMMIT, "< 50", percentile="50"),
    "PRF-03.2": _check("latency", PER_COMMIT, "< 100", percentile="95"),
    "PRF-03.3": _check("latency", PER_COMMIT, "< 200", percentile="99"),
    "PRF-04": _check("load", PER_COMMIT, ">= 500"),
    "PRF-05": _check("gzip", DAY),
    "MON-01": _check("metrics", 5 * MINUTE),
    "MON-02": _check("grafana_json", PER_COMMIT),
    "MON-03": _check("otel", DAY),
    "MON-03.1": _check("otel", DAY, part="endpoint"),
    "MON-04": _check("health", MINUTE),
    "MON-04.1": _check("health", MINUTE),
    "MON-04.2": _check("health_db", PER_COMMIT),
    "MON-05": _check("alert_rules", DAY),
    "MON-05.1": _check("alert_rules", DAY, rule="error-rate"),
    "MON-05.2": _check("alert_rules", DAY, rule="latency-p95"),
    "MON-05.3": _check("alert_rules", DAY, rule="memory"),
    "MON-05.4": _check("alert_rules", DAY, rule="database"),
    "MON-06": _check("log_sink", DAY),
    "INF-01": _check("compose", PER_COMMIT),
    "INF-02": _check("env_doc", PER_COMMIT),
    "INF-03": _check("dotenv", DAY),
    "INF-04": _check("backup_restore", DAY),
    "INF-06": _check("multi_instance", PER_COMMIT),
    "INF-06.1": _check("multi_instance", PER_COMMIT),
    "INF-06.2": _check("lb", DAY),
    "TST-01": _check("junit", PER_COMMIT, suite="unit"),
    "TST-02": _check("junit", PER_COMMIT, suite="security"),
    "TST-03": _check("junit", PER_COMMIT, suite="performance"),
    "TST-04": _check("junit", PER_COMMIT, suite="integration"),
    "TST-05": _check("smoke", PER_COMMIT),
    "TST-06": _check("coverage", PER_COMMIT, "> 80"),
    "DOC-01": _check("openapi", PER_COMMIT),
    "COD-01": _check("mypy_strict", PER_COMMIT),
    "COD-02": _check("ruff_black", PER_COMMIT),
    "COD-03": _check("mypy", PER_COMMIT),
    "COD-04": _check("lock_vs_installed", PER_COMMIT),
    "COD-05": _check("pip_audit", PER_COMMIT),
    "FUP-01": _window("error_rate", "< 1"),
    "FUP-02": _window("latency_p95", "< 100"),
    "FUP-03": _window("cache_hit", "> 70"),
    "FUP-04": _window("memory", "< 80"),
    "FUP-05": _window("cpu", "< 70"),
    "FUP-08": _window("health", None),
    "FUP-12": _check("backup_restore", DAY),
    "FUP-13": _check("incidents", DAY, "== 0"),
}
