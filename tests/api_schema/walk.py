"""A walk through every operation of the API, each with success and by somebody.

What it sends and is answered are the examples of the published document, the calls of
the typed client, and what a fuzzer begins with. `python -m tests.api_schema.examples`
writes them down.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from django.test import Client
from django.utils import timezone

from kernel.registry import PROBES
from operations.models import Alert
from tests.api_schema import released, world
from tests.api_schema.operations import NEEDED, SAMPLES, Asks, getter

Answer = Any
CSV = (
    "symbol,side,quantity,price,executed_at\n"
    "BTC-USD,buy,0.5,60000,2026-01-05T09:00:00Z\n"
)


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call of an operation: who sends what to where."""

    id: str
    who: str
    method: str
    path: str
    ids: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    # Field -> (file name, content) of a multipart form; `body` holds the others.
    file: tuple[str, str, bytes] | None = None
    kind: str = "application/json"

    @property
    def url(self) -> str:
        query = "&".join(f"{name}={value}" for name, value in self.query.items())
        return self.path.format(**self.ids) + (f"?{query}" if query else "")


class Send(Protocol):
    """Sends a call; the parsed answer. Fails unless it is a 2xx."""

    def __call__(self, call: Call) -> Answer: ...


@dataclass(frozen=True)
class Walker:
    """Knows the document's operations by id, and how to send."""

    document: Mapping[str, Any]
    send: Send
    # Everybody's of the demo.
    password: str = world.PASSWORD

    def call(self, operation: str, who: str, **given: Any) -> Answer:
        path, method = self.place(operation)
        names = re.findall(r"\{(\w+)\}", path)
        ids = {name: str(given.pop(name)) for name in names}
        return self.send(
            Call(id=operation, who=who, method=method, path=path, ids=ids, **given)
        )

    def place(self, operation: str) -> tuple[str, str]:
        for path, item in self.document["paths"].items():
            for method, raw in item.items():
                if raw["operationId"] == operation:
                    return path, method
        raise AssertionError(f"no operation {operation}")

    def through_everything(self, desk: Mapping[str, Asks]) -> None:
        """Every operation once, on a demo with what `prepare` adds."""
        self._log_in()
        self._trade()
        self._keep_the_market()
        self._import()
        self._operate()
        self._review()
        self._report()
        self._read(desk)

    def _log_in(self) -> None:
        name = {"username": "trader", "password": self.password}
        first = self.call("token_create", "", body=name)
        second = self.call("token_refresh", "", body={"refresh": first["refresh"]})
        self.call("token_revoke", "", body={"refresh": second["refresh"]})
        new = {"name": "my bot", "scopes": ["trading:read"], "days": 30}
        made = self.call("service_token_make", "trader", body=new)
        self.call("service_token_revoke", "trader", uid=made["id"])

    def _trade(self) -> None:
        book = self.call(
            "books_create", "trader", body={"name": "Momentum", "base_currency": "USD"}
        )
        trade = {
            "book": book["id"],
            "external_id": "exchange-1",
            "symbol": "BTC-USD",
            "side": "buy",
            "quantity": "0.5",
            "price": "60000",
            "fee": "12.5",
            "executed_at": "2026-01-05T09:00:00Z",
        }
        reason = {"reason": "a slip of the hand"}
        booked = self.call("trades_book", "trader", body=trade)
        corrected = self.call(
            "trade_correct", "trader", id=booked["id"], body={**reason, "price": "6000"}
        )
        self.call("trade_void", "trader", id=corrected["id"], body=reason)
        transfer = {
            "book": book["id"],
            "external_id": "bank-1",
            "kind": "deposit",
            "asset": "USD",
            "amount": "100000",
            "at": "2026-01-05T08:00:00Z",
        }
        moved = self.call("transfers_book", "trader", body=transfer)
        corrected = self.call(
            "transfer_correct", "trader", id=moved["id"], body={**reason, "amount": "9"}
        )
        self.call("transfer_void", "trader", id=corrected["id"], body=reason)
        stated = {"book": book["id"], "asset": "USD", "amount": "100000"}
        stands = self.call(
            "balances_state", "trader", body={**stated, "at": "2026-01-06T00:00:00Z"}
        )
        corrected = self.call(
            "balances_correct",
            "trader",
            id=stands["id"],
            body={**reason, "amount": "100001"},
        )
        self.call("balances_void", "trader", id=corrected["id"], body=reason)

    def _keep_the_market(self) -> None:
        reason = {"reason": "a slip of the hand"}
        price = {"symbol": "BTC-USD", "at": "2026-01-05T09:30:00Z", "price": "60100"}
        kept = self.call("prices_set", "trader", body={"prices": [price]})
        corrected = self.call(
            "prices_correct",
            "trader",
            id=kept["stored"][0]["id"],
            body={**reason, "price": "60200"},
        )
        self.call("prices_void", "trader", id=corrected["id"], body=reason)
        split = {"symbol": "ACME-USD", "at": "2026-01-05T14:30:00Z"}
        recorded = self.call(
            "splits_record",
            "trader",
            body={**split, "numerator": 4, "denominator": 1},
        )
        corrected = self.call(
            "splits_correct",
            "trader",
            id=recorded["id"],
            body={**reason, "numerator": 2},
        )
        self.call("splits_void", "trader", id=corrected["id"], body=reason)

    def _import(self) -> None:
        """The two newest files wait: `prepare` has just put them there."""
        newest = self.call("trades_imports", "trader", query={"limit": "2"})["imports"]
        cancelled, committed = (each["id"] for each in newest)
        self.call("trades_import_commit", "trader", id=committed, body={})
        self.call("trades_import_cancel", "trader", id=cancelled)
        imported = self.call(
            "trades_import",
            "trader",
            body={"book": "Imported", "dry_run": "false"},
            file=("file", "fills.csv", CSV.encode()),
        )
        self.call(
            "trades_import_undo",
            "trader",
            id=imported["id"],
            body={"reason": "the wrong file"},
        )

    def _operate(self) -> None:
        firing = self.call("alerts_list", "operator", query={"state": "firing"})
        for alert, verb in zip(
            firing["alerts"], ("acknowledge", "resolve"), strict=False
        ):
            self.call(f"alert_{verb}", "operator", uid=alert["id"])
        self._silence(firing["alerts"][0]["id"])
        self.call("backup_take", "operator")
        self.call("job_run", "operator", name="prune")
        rest = {"reason": "The bucket is being moved", "minutes": 60}
        self.call("job_pause", "operator", name="restore-drill", body=rest)
        self.call("job_resume", "operator", name="restore-drill")
        self.call("probe_run", "operator", name="redis", body={"params": {}})
        rule = self.call("rule_read", "operator", name="memory")
        self.call(
            "rule_change",
            "operator",
            name="memory",
            body={"threshold": "85"},
            headers={"If-Match": f'"{rule["revision"]}"'},
        )

    def _silence(self, alert: str) -> None:
        wish = {"reason": "The disk is being replaced", "minutes": 30}
        begun = self.call("alert_silence", "operator", uid=alert, body=wish)
        wish |= {"rule": "memory", "target": "host"}
        self.call("silence_begin", "operator", body=wish)
        self.call("silences_list", "operator", query={"state": "active"})
        self.call("silence_end", "operator", uid=begun["id"])

    def _review(self) -> None:
        draft = self.call(
            "readiness_template_import",
            "admin",
            body={"text": "# Launch\n\n## Tests\n\n- [ ] All tests pass\n"},
        )
        self.call("readiness_template_publish", "admin", template=draft["id"], body={})
        review = self.call(
            "review_open",
            "admin",
            body={
                "template": draft["id"],
                "release": "2.1",
                "commit": "ef" * 20,
                "environment": "staging",
            },
        )
        items = self.call("review_items", "developer", review=review["id"])["items"]
        line = items[0]["id"]
        self._work_on(line, items[0]["revision"])
        said = self.call(
            "review_statement",
            "developer",
            review=review["id"],
            query={"role": "Developer"},
        )
        wish = {
            "role": "Developer",
            "meaning": "reviewed",
            "statement_sha256": said["statement_sha256"],
            "password": self.password,
            "passphrase": self.password,
        }
        signed = self.call("review_sign", "developer", review=review["id"], body=wish)
        changed = self.call("item_read", "developer", item=line)["revision"]
        undone = {"done": False, "revision": changed}
        undone = self.call("item_claim", "security", item=line, body=undone)
        again = {"revision": undone["revision"], "signoff": signed["id"]}
        self.call("item_restore", "security", item=line, body=again)
        released.walk(self, draft["id"])

    def _work_on(self, line: str, revision: int) -> None:
        claim = {"done": True, "note": "all of them, twice"}
        self.call(
            "item_claim", "developer", item=line, body={**claim, "revision": revision}
        )
        self.call("item_comment", "developer", item=line, body={"text": "See CI."})
        filed = self.call(
            "evidence_file",
            "developer",
            item=line,
            body={"kind": "output", "summary": "The suite", "text": "2,412 passed"},
        )
        self.call("evidence_confirm", "security", item=line, evidence=filed["id"])
        self._exempt(line)
        junit = (
            b'<testsuites><testsuite><testcase classname="tests.security.test_csrf"'
            b' name="test_a_form_without_a_token" /></testsuite></testsuites>'
        )
        demo = self.call("reviews_list", "developer")["reviews"][-1]
        self.call(
            "attest",
            "developer",
            body={"kind": "junit", "commit": demo["commit"]},
            file=("file", "junit.xml", junit),
        )
        self._measure(demo["id"])

    def _exempt(self, line: str) -> None:
        """Asked for by one person, approved by another, taken back."""
        week = datetime.now(UTC) + timedelta(days=7)
        ends = f"{week:%Y-%m-%dT%H:%M:%SZ}"
        wish = {"reason": "Known, no customer sees it", "risk": "Slow on Mondays"}
        asked = self.call(
            "waiver_request", "developer", item=line, body={**wish, "ends": ends}
        )
        self.call("waiver_approve", "admin", waiver=asked["id"])
        self.call("waiver_revoke", "developer", waiver=asked["id"])
        asked = self.call(
            "not_applicable_request",
            "developer",
            item=line,
            body={"reason": "Nothing is sent by mail here"},
        )
        self.call("not_applicable_approve", "security", exemption=asked["id"])
        self.call("not_applicable_revoke", "developer", exemption=asked["id"])

    def _measure(self, review: str) -> None:
        """A line whose probe can run here."""
        lines = self.call("review_items", "developer", review=review)["items"]
        for line in lines:
            whole = self.call("item_read", "developer", item=line["id"])
            if any(check["probe"] in PROBES for check in whole["checks"]):
                self.call("item_run", "developer", item=line["id"])
                return
        raise AssertionError("no line has a probe of ours")

    def _report(self) -> None:
        """As a browser does it, by itself."""
        tried = {
            "document-uri": "http://testserver/portfolio/",
            "effective-directive": "img-src",
            "blocked-uri": "https://elsewhere.example/pixel.gif",
        }
        self.call(
            "csp_report",
            "",
            body={"csp-report": tried},
            kind="application/csp-report",
        )

    def _read(self, desk: Mapping[str, Asks]) -> None:
        """What nobody read yet, by who reads most."""
        for path, item in self.document["paths"].items():
            if (raw := item.get("get")) is None:
                continue
            who = "trader" if "/imports" in path or "/tokens" in path else "admin"
            ids = SAMPLES[path](getter(desk[who]))[0] if "{" in path else {}
            needed = {
                each["name"]: NEEDED[each["name"]]
                for each in raw.get("parameters", ())
                if each.get("required") and each["in"] == "query"
            }
            self.call(raw["operationId"], who, query=needed, **ids)


def prepare(trader: Client, password: str = world.PASSWORD) -> None:
    """What a walk needs and no operation makes."""
    alerts()
    for name in ("committed", "cancelled"):
        upload = world.csv_file(name, CSV)
        form = {"file": upload, "book": f"walk {name}", "base": ""}
        assert trader.post("/trades/import/", form).status_code == 302
    released.prepare(password)


def alerts() -> None:
    """Two that fire, for somebody to acknowledge and to end."""
    now = timezone.now()
    for number in range(2):
        Alert.objects.create(
            fingerprint=f"a{number}" * 32,
            rule="memory",
            target=f"host {number}",
            severity="P1",
            state=Alert.State.FIRING,
            value="91.5",
            threshold="90",
            pending_at=now,
            fired_at=now,
        )


def operation_ids(document: Mapping[str, Any]) -> Iterator[str]:
    for item in document["paths"].values():
        for raw in item.values():
            yield raw["operationId"]


def sent_by(client: Client, call: Call) -> Any:
    """Through Django's test client."""
    headers = dict(call.headers)
    if call.file is not None:
        name, file, content = call.file
        form = {**(call.body or {}), name: world.csv_file(file, content.decode())}
        return client.post(call.url, form, headers=headers)
    body = b"" if call.body is None else json.dumps(call.body).encode()
    return client.generic(
        call.method.upper(),
        call.url,
        body,
        content_type=call.kind,
        headers=headers,
    )
