"""Which probe could stand behind a line: a table of words, read from the top.

A proposal is shown before publishing and may be changed; it proves nothing by
itself. Probes are named whether or not they are installed: the board says when
one is not available.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from readiness.domain.parsing.document import (
    CHECKS,
    MONITORING,
    Document,
    Item,
    Proposal,
)

MINUTE, HOUR, DAY = 60, 3_600, 86_400
# Evidence about a commit does not age: it counts for that commit only.
PER_COMMIT = 365 * DAY
STATED = "as stated"  # take the threshold that the line itself names


@dataclass(frozen=True)
class Rule:
    """Lines that match `words` (and stand below a line that matches `under`) are
    measured by `probe`. A named group of `words` fills in the param of its name."""

    words: str
    probe: str
    params: dict[str, str] = field(default_factory=dict)
    threshold: str | None = None
    freshness: int = DAY
    under: str = ""
    kind: str = CHECKS

    def fits(self, item: Item) -> Proposal | None:
        above = item.parent.text[:500] if item.parent else ""
        found = re.search(self.words, item.text[:500], re.IGNORECASE)
        if found is None or item.section.kind != self.kind:
            return None
        if self.under and not re.search(self.under, above, re.IGNORECASE):
            return None
        threshold = item.threshold if self.threshold == STATED else self.threshold
        named = {k: v for k, v in found.groupdict().items() if v}
        return Proposal(self.probe, self.params | named, threshold, self.freshness)


HEADER_NAMES = (
    "X-Content-Type-Options|X-Frame-Options|X-XSS-Protection"
    "|Content-Security-Policy|Referrer-Policy|Permissions-Policy"
)
RULES: tuple[Rule, ...] = (
    # Lines below an alerting line name what other probes measure
    Rule(r"\berror rate\b", "alert_rules", {"rule": "error-rate"}, under="alert"),
    Rule(
        r"\b(slow|response times?|latency)\b",
        "alert_rules",
        {"rule": "latency-p95"},
        under="alert",
    ),
    Rule(r"\bmemory\b", "alert_rules", {"rule": "memory"}, under="alert"),
    Rule(r"\bdatabase\b", "alert_rules", {"rule": "database"}, under="alert"),
    # Security
    Rule(r"\bcors\b", "cors"),
    Rule(
        r"^`?(?P<name>(?-i:[A-Z][A-Z0-9_]*_(?:KEY|SECRET|TOKEN)))\b(?!.*\d\+? ?(?:bytes|bits))",
        "env_secrets",
    ),
    Rule(
        r"\bapi keys\b.*\benvironment\b|\bsecrets\b.*\benvironment var", "env_secrets"
    ),
    Rule(
        r"\bjwt\w*secret\b|\b(signing|token) secret\b.*(bytes|bits|length)",
        "secret_strength",
    ),
    Rule(r"\btokens? (expir|lifetime)", "jwt_expiry"),
    Rule(r"\btokens? revo|\brevo\w+ (of )?tokens?", "jwt_revoke"),
    Rule(r"\bjwt\b|\btoken authentication\b", "jwt"),
    Rule(r"\bper[- ]minute\b", "ratelimit", {"window": "minute"}, under="rate limit"),
    Rule(
        r"\bper[- ]hour\b|\bhourly\b",
        "ratelimit",
        {"window": "hour"},
        under="rate limit",
    ),
    Rule(r"\bburst\b", "ratelimit", {"window": "second"}, under="rate limit"),
    Rule(r"\brate[- ]limit(s|ing)?\b(?!.*\bkeys?\b)", "ratelimit"),
    Rule(rf"\b(?P<header>{HEADER_NAMES})\b", "headers", freshness=HOUR),
    Rule(
        r"\bhsts\b|strict-transport-security",
        "headers",
        {"header": "Strict-Transport-Security"},
        freshness=HOUR,
    ),
    Rule(r"\bsecurity headers\b", "headers", freshness=HOUR),
    Rule(
        r"\binput validation\b|\bvalidates? (all )?input",
        "schema_fuzz",
        freshness=PER_COMMIT,
    ),
    Rule(r"\baudit (log|logging|trail)\b(?!.*\breview)", "audit_log", freshness=HOUR),
    Rule(
        r"\b(tls|ssl|https) ?(/ ?tls)? ?cert|\bhttps certificate\b",
        "tls_cert",
        {},
        ">= 21",
        6 * HOUR,
    ),
    Rule(r"\bsecurity scan\b", "bandit", freshness=PER_COMMIT),
    Rule(
        r"\bsecurity scan\b|\bvulnerabilit(y|ies)\b.*\b(scan|critical|known)|\bknown vulnerabilit",
        "pip_audit",
        freshness=PER_COMMIT,
    ),
    # Performance
    Rule(r"\bcache hit", "cache_hit", {}, STATED, 15 * MINUTE),
    Rule(r"\bredis(_url)?\b|\bvalkey\b", "redis", freshness=5 * MINUTE),
    Rule(
        r"\bwal\b|\bwrite-ahead\b", "db_pragmas", {"pragma": "journal_mode"}, "== wal"
    ),
    Rule(
        r"\bcache size\b.*?(?P<size>\d+) ?mb",
        "db_pragmas",
        {"pragma": "cache_size"},
        ">= {size}",
    ),
    Rule(r"\bconnection pool", "db_pool"),
    Rule(r"\bp(?P<percentile>50|9[059])\b", "latency", {}, STATED, PER_COMMIT),
    Rule(
        r"\b(response times?|latency)\b.*\bbenchmark|\bbenchmark.*\b(response times?|latency)\b",
        "latency",
        {"percentile": "99"},
        "< 200",
        PER_COMMIT,
    ),
    Rule(r"\bload test(s|ing)?\b.*\b(run|req)", "load", {}, STATED, PER_COMMIT),
    Rule(r"\b(gzip|compress(ion|ed))\b", "gzip"),
    # Monitoring
    Rule(r"\bprometheus\b|`/metrics`", "metrics", freshness=5 * MINUTE),
    Rule(
        r"\bgrafana\b|\bdashboards?\b.*\bpanels?\b",
        "grafana_json",
        freshness=PER_COMMIT,
    ),
    Rule(r"\botlp_endpoint\b", "otel", {"part": "endpoint"}),
    Rule(r"\bopentelemetry\b|\btracing\b|\btraces\b", "otel"),
    Rule(r"`/health`|\bhealth (checks?|endpoint)\b", "health", freshness=MINUTE),
    Rule(r"\bdatabase (connectivity|reachab)", "health_db", freshness=PER_COMMIT),
    Rule(r"\balert(s|ing)\b", "alert_rules"),
    Rule(r"\blog aggregation\b|\bcentrali[sz]ed logging\b", "log_sink"),
    # Infrastructure
    Rule(r"\bcompose\b", "compose", freshness=PER_COMMIT),
    Rule(
        r"\benvironment variables\b.*\bdocumented\b|`?\.env\.example\b",
        "env_doc",
        freshness=PER_COMMIT,
    ),
    Rule(r"(^|\W)\.env\b", "dotenv"),
    Rule(r"\bbackups?\b.*\b(automat|restor|configured)", "backup_restore"),
    Rule(
        r"\bmultiple\b.*\binstances\b|\bhorizontal scal|\binstances\b.*\bshare",
        "multi_instance",
        freshness=PER_COMMIT,
    ),
    Rule(r"\bload balancer\b", "lb"),
    # Testing
    Rule(r"\bunit tests?\b", "junit", {"suite": "unit"}, freshness=PER_COMMIT),
    Rule(r"\bsecurity tests?\b", "junit", {"suite": "security"}, freshness=PER_COMMIT),
    Rule(r"\bload tests\b", "junit", {"suite": "performance"}, freshness=PER_COMMIT),
    Rule(
        r"\b(integration|end-to-end|e2e) test",
        "junit",
        {"suite": "integration"},
        freshness=PER_COMMIT,
    ),
    Rule(r"\bsmoke tests?\b", "smoke", freshness=PER_COMMIT),
    Rule(r"\bcoverage\b", "coverage", {}, STATED, PER_COMMIT),
    # Documentation and code quality
    Rule(
        r"\bopenapi\b|\bswagger\b|\bapi documentation\b",
        "openapi",
        freshness=PER_COMMIT,
    ),
    Rule(r"\btype hints?\b", "mypy_strict", freshness=PER_COMMIT),
    Rule(r"\blint(ing|er)?\b", "ruff_black", freshness=PER_COMMIT),
    Rule(r"\bmypy\b|\btype[- ]check", "mypy", freshness=PER_COMMIT),
    Rule(
        r"\bdependenc(y|ies)\b.*\b(up to date|pinned|lock)|\binstalled packages\b",
        "lock_vs_installed",
        freshness=PER_COMMIT,
    ),
    # After the deployment
    Rule(
        r"\berror rates?\b", "window", {"metric": "error_rate"}, STATED, kind=MONITORING
    ),
    Rule(
        r"\b(response times?|latency)\b",
        "window",
        {"metric": "latency_p95"},
        STATED,
        kind=MONITORING,
    ),
    Rule(r"\bcache hit", "window", {"metric": "cache_hit"}, STATED, kind=MONITORING),
    Rule(r"\bmemory\b", "window", {"metric": "memory"}, STATED, kind=MONITORING),
    Rule(r"\bcpu\b", "window", {"metric": "cpu"}, STATED, kind=MONITORING),
    Rule(r"\bhealth checks?\b", "window", {"metric": "health"}, kind=MONITORING),
    Rule(r"\bbackups?\b", "backup_restore", kind=MONITORING),
    Rule(
        r"\bincident (count|number)|\bincidents\b",
        "incidents",
        {},
        STATED,
        kind=MONITORING,
    ),
)
TOGETHER = frozenset({"bandit", "pip_audit"})  # two tools may share one line


def propose(document: Document) -> None:
    """Give every item the checks that its words suggest."""
    for item in document.items:
        item.checks = list(_for_item(item))


def _for_item(item: Item) -> Iterator[Proposal]:
    first: Proposal | None = None
    for rule in RULES:
        if first is not None and rule.probe not in TOGETHER:
            continue
        proposal = rule.fits(item)
        if proposal is None or not _sensible(rule, proposal):
            continue
        if first is None or (first.probe in TOGETHER and first.probe != proposal.probe):
            yield _filled(proposal)
            first = first or proposal


def _sensible(rule: Rule, proposal: Proposal) -> bool:
    """A probe that measures an amount needs the amount that the line asks for."""
    return rule.threshold != STATED or proposal.threshold is not None


def _filled(proposal: Proposal) -> Proposal:
    """ "{size}" in a threshold is the number that the words named."""
    if proposal.threshold is None or "{" not in proposal.threshold:
        return proposal
    params = dict(proposal.params)
    threshold = proposal.threshold.format(size=params.pop("size"))
    return Proposal(proposal.probe, params, threshold, proposal.freshness)
