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
    ParsedItem,
    Proposal,
)

MINUTE, HOUR, DAY = 60, 3_600, 86_400
# Evidence about a commit does not age: it counts for that commit only.
PER_COMMIT = 365 * DAY
STATED = "as stated"  # take the threshold that the line itself names


@dataclass(frozen=True)
class ProposalRule:
    """Lines that match `words` (and stand below a line that matches `under`) are
    measured by `probe`. A named group of `words` fills in the param of its name."""

    words: str
    probe: str
    params: dict[str, str] = field(default_factory=dict)
    threshold: str | None = None
    freshness: int = DAY
    under: str = ""
    kind: str = CHECKS

    def fits(self, item: ParsedItem) -> Proposal | None:
        above = item.parent.text[:500] if item.parent else ""
        match = re.search(self.words, item.text[:500], re.IGNORECASE)
        if match is None or item.section.kind != self.kind:
            return None
        if self.under and not re.search(self.under, above, re.IGNORECASE):
            return None
        threshold = item.threshold if self.threshold == STATED else self.threshold
        named = {k: v for k, v in match.groupdict().items() if v}
        return Proposal(self.probe, self.params | named, threshold, self.freshness)


HEADER_NAMES = (
    "X-Content-Type-Options|X-Frame-Options|X-XSS-Protection"
    "|Content-Security-Policy|Referrer-Policy|Permissions-Policy"
)
RULES: tuple[ProposalRule, ...] = (
    # Lines below an alerting line name what other probes measure
    ProposalRule(
        r"\berror rate\b", "alert_rules", {"rule": "error-rate"}, under="alert"
    ),
    ProposalRule(
        r"\b(slow|response times?|latency)\b",
        "alert_rules",
        {"rule": "latency-p95"},
        under="alert",
    ),
    ProposalRule(r"\bmemory\b", "alert_rules", {"rule": "memory"}, under="alert"),
    ProposalRule(r"\bdatabase\b", "alert_rules", {"rule": "database"}, under="alert"),
    # Security
    ProposalRule(r"\bcors\b", "cors"),
    ProposalRule(
        r"^`?(?P<name>(?-i:[A-Z][A-Z0-9_]*_(?:KEY|SECRET|TOKEN)))\b(?!.*\d\+? ?(?:bytes|bits))",
        "env_secrets",
    ),
    ProposalRule(
        r"\bapi keys\b.*\benvironment\b|\bsecrets\b.*\benvironment var", "env_secrets"
    ),
    ProposalRule(
        r"\bjwt\w*secret\b|\b(signing|token) secret\b.*(bytes|bits|length)",
        "secret_strength",
    ),
    ProposalRule(r"\btokens? (expir|lifetime)", "jwt_expiry"),
    ProposalRule(r"\btokens? revo|\brevo\w+ (of )?tokens?", "jwt_revoke"),
    ProposalRule(r"\bjwt\b|\btoken authentication\b", "jwt"),
    ProposalRule(
        r"\bper[- ]minute\b", "ratelimit", {"window": "minute"}, under="rate limit"
    ),
    ProposalRule(
        r"\bper[- ]hour\b|\bhourly\b",
        "ratelimit",
        {"window": "hour"},
        under="rate limit",
    ),
    ProposalRule(r"\bburst\b", "ratelimit", {"window": "second"}, under="rate limit"),
    ProposalRule(r"\brate[- ]limit(s|ing)?\b(?!.*\bkeys?\b)", "ratelimit"),
    ProposalRule(rf"\b(?P<header>{HEADER_NAMES})\b", "headers", freshness=HOUR),
    ProposalRule(
        r"\bhsts\b|strict-transport-security",
        "headers",
        {"header": "Strict-Transport-Security"},
        freshness=HOUR,
    ),
    ProposalRule(r"\bsecurity headers\b", "headers", freshness=HOUR),
    ProposalRule(
        r"\binput validation\b|\bvalidates? (all )?input",
        "schema_fuzz",
        freshness=PER_COMMIT,
    ),
    ProposalRule(
        r"\baudit (log|logging|trail)\b(?!.*\breview)", "audit_log", freshness=HOUR
    ),
    ProposalRule(
        r"\b(tls|ssl|https) ?(/ ?tls)? ?cert|\bhttps certificate\b",
        "tls_cert",
        {},
        ">= 21",
        6 * HOUR,
    ),
    ProposalRule(r"\bsecurity scan\b", "bandit", freshness=PER_COMMIT),
    ProposalRule(
        r"\bsecurity scan\b|\bvulnerabilit(y|ies)\b.*\b(scan|critical|known)|\bknown vulnerabilit",
        "pip_audit",
        freshness=PER_COMMIT,
    ),
    # Performance
    ProposalRule(r"\bcache hit", "cache_hit", {}, STATED, 15 * MINUTE),
    ProposalRule(r"\bredis(_url)?\b|\bvalkey\b", "redis", freshness=5 * MINUTE),
    ProposalRule(
        r"\bwal\b|\bwrite-ahead\b", "db_pragmas", {"pragma": "journal_mode"}, "== wal"
    ),
    ProposalRule(
        r"\bcache size\b.*?(?P<size>\d+) ?mb",
        "db_pragmas",
        {"pragma": "cache_size"},
        ">= {size}",
    ),
    ProposalRule(r"\bconnection pool", "db_pool"),
    ProposalRule(r"\bp(?P<percentile>50|9[059])\b", "latency", {}, STATED, PER_COMMIT),
    ProposalRule(
        r"\b(response times?|latency)\b.*\bbenchmark|\bbenchmark.*\b(response times?|latency)\b",
        "latency",
        {"percentile": "99"},
        "< 200",
        PER_COMMIT,
    ),
    ProposalRule(r"\bload test(s|ing)?\b.*\b(run|req)", "load", {}, STATED, PER_COMMIT),
    ProposalRule(r"\b(gzip|compress(ion|ed))\b", "gzip"),
    # Monitoring
    ProposalRule(r"\bprometheus\b|`/metrics`", "metrics", freshness=5 * MINUTE),
    ProposalRule(
        r"\bgrafana\b|\bdashboards?\b.*\bpanels?\b",
        "grafana_json",
        freshness=PER_COMMIT,
    ),
    ProposalRule(r"\botlp_endpoint\b", "otel", {"part": "endpoint"}),
    ProposalRule(r"\bopentelemetry\b|\btracing\b|\btraces\b", "otel"),
    ProposalRule(
        r"`/health`|\bhealth (checks?|endpoint)\b", "health", freshness=MINUTE
    ),
    ProposalRule(
        r"\bdatabase (connectivity|reachab)", "health_db", freshness=PER_COMMIT
    ),
    ProposalRule(r"\balert(s|ing)\b", "alert_rules"),
    ProposalRule(r"\blog aggregation\b|\bcentrali[sz]ed logging\b", "log_sink"),
    # Infrastructure
    ProposalRule(r"\bcompose\b", "compose", freshness=PER_COMMIT),
    ProposalRule(
        r"\benvironment variables\b.*\bdocumented\b|`?\.env\.example\b",
        "env_doc",
        freshness=PER_COMMIT,
    ),
    ProposalRule(r"(^|\W)\.env\b", "dotenv"),
    ProposalRule(r"\bbackups?\b.*\b(automat|restor|configured)", "backup_restore"),
    ProposalRule(
        r"\bmultiple\b.*\binstances\b|\bhorizontal scal|\binstances\b.*\bshare",
        "multi_instance",
        freshness=PER_COMMIT,
    ),
    ProposalRule(r"\bload balancer\b", "lb"),
    # Testing
    ProposalRule(r"\bunit tests?\b", "junit", {"suite": "unit"}, freshness=PER_COMMIT),
    ProposalRule(
        r"\bsecurity tests?\b", "junit", {"suite": "security"}, freshness=PER_COMMIT
    ),
    ProposalRule(
        r"\bload tests\b", "junit", {"suite": "performance"}, freshness=PER_COMMIT
    ),
    ProposalRule(
        r"\b(integration|end-to-end|e2e) test",
        "junit",
        {"suite": "integration"},
        freshness=PER_COMMIT,
    ),
    ProposalRule(r"\bsmoke tests?\b", "smoke", freshness=PER_COMMIT),
    ProposalRule(r"\bcoverage\b", "coverage", {}, STATED, PER_COMMIT),
    # Documentation and code quality
    ProposalRule(
        r"\bopenapi\b|\bswagger\b|\bapi documentation\b",
        "openapi",
        freshness=PER_COMMIT,
    ),
    ProposalRule(r"\btype hints?\b", "mypy_strict", freshness=PER_COMMIT),
    ProposalRule(r"\blint(ing|er)?\b", "ruff_black", freshness=PER_COMMIT),
    ProposalRule(r"\bmypy\b|\btype[- ]check", "mypy", freshness=PER_COMMIT),
    ProposalRule(
        r"\bdependenc(y|ies)\b.*\b(up to date|pinned|lock)|\binstalled packages\b",
        "lock_vs_installed",
        freshness=PER_COMMIT,
    ),
    # After the deployment
    ProposalRule(
        r"\berror rates?\b", "window", {"metric": "error_rate"}, STATED, kind=MONITORING
    ),
    ProposalRule(
        r"\b(response times?|latency)\b",
        "window",
        {"metric": "latency_p95"},
        STATED,
        kind=MONITORING,
    ),
    ProposalRule(
        r"\bcache hit", "window", {"metric": "cache_hit"}, STATED, kind=MONITORING
    ),
    ProposalRule(
        r"\bmemory\b", "window", {"metric": "memory"}, STATED, kind=MONITORING
    ),
    ProposalRule(r"\bcpu\b", "window", {"metric": "cpu"}, STATED, kind=MONITORING),
    ProposalRule(
        r"\bhealth checks?\b", "window", {"metric": "health"}, kind=MONITORING
    ),
    ProposalRule(r"\bbackups?\b", "backup_restore", kind=MONITORING),
    ProposalRule(
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


def _for_item(item: ParsedItem) -> Iterator[Proposal]:
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


def _sensible(rule: ProposalRule, proposal: Proposal) -> bool:
    """A probe that measures an amount needs the amount that the line asks for."""
    return rule.threshold != STATED or proposal.threshold is not None


def _filled(proposal: Proposal) -> Proposal:
    """ "{size}" in a threshold is the number that the words named."""
    if proposal.threshold is None or "{" not in proposal.threshold:
        return proposal
    params = dict(proposal.params)
    threshold = proposal.threshold.format(size=params.pop("size"))
    return Proposal(proposal.probe, params, threshold, proposal.freshness)
