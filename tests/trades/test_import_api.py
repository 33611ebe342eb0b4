"""Long files for clients and on the page: 202, how far it is, commit and cancel."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from kernel.paging import encode
from operations.models import JobRun
from operations.services import running
from trades.models import Fill, ImportBatch

pytestmark = pytest.mark.django_db
HEAD = "external_id,symbol,side,quantity,price,executed_at\n"


def rows(count, *, side="buy"):
    return HEAD + "".join(
        f"r{n},BTC-USD,{side},1,10,2026-01-{n // 1440 + 1:02}T{n // 60 % 24:02}:{n % 60:02}:00Z\n"
        for n in range(count)
    )


def send(client, content, path="/api/trades/import", **fields):
    file = SimpleUploadedFile("a.csv", content.encode())
    return client.post(path, {"file": file, "book": "ada-main", **fields})


def post(client, path, body=None):
    return client.post(path, json.dumps(body or {}), content_type="application/json")


def work():
    for run in JobRun.objects.filter(
        job__name="trades-import", state=JobRun.State.QUEUED
    ):
        assert running.execute(str(run.uid))


def test_1000_rows_are_answered_at_once_and_more_are_not(client_of, ada, book):
    client = client_of(ada)
    assert send(client, rows(1000)).status_code == 201
    accepted = send(client, rows(1001))
    assert accepted.status_code == 202
    batch = accepted.json()
    assert accepted["Location"] == f"/api/trades/imports/{batch['id']}"
    assert (batch["state"], batch["done"], batch["booked_at"]) == ("queued", 0, None)
    work()
    done = client.get(accepted["Location"]).json()
    assert (done["state"], done["new"], done["duplicates"]) == ("booked", 1, 1000)
    assert (done["done"], done["total"]) == (1001, 1001)
    assert Fill.objects.count() == 1001


def test_a_long_dry_run_is_committed_by_a_second_call(client_of, ada, book):
    client = client_of(ada)
    where = send(client, rows(1001), dry_run="true")["Location"]
    early = post(client, f"{where}/commit")
    assert (early.status_code, early.json()["type"]) == (409, "urn:rrr:problem:state")
    work()
    shown = client.get(where).json()
    assert (shown["state"], shown["new"], shown["fills"]) == ("preview", 1001, 1001)
    assert not Fill.objects.exists()
    assert post(client, f"{where}/commit").status_code == 202
    work()
    assert client.get(where).json()["state"] == "booked"


def test_a_long_import_is_cancelled(client_of, ada, book):
    client = client_of(ada)
    where = send(client, rows(1001))["Location"]
    assert post(client, f"{where}/cancel").json()["state"] == "cancelled"
    work()
    assert client.get(where).json()["state"] == "cancelled"
    again = post(client, f"{where}/cancel")
    assert (again.status_code, again.json()["current"]) == (409, {"state": "cancelled"})
    assert not Fill.objects.exists()


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"skip_broken": "yes"}, "/skip_broken"),
        ({"skip_broken": 1}, "/skip_broken"),
        ({"skip": True}, "/skip"),
    ],
)
def test_a_commit_ignores_nothing(client_of, ada, book, body, pointer):
    client = client_of(ada)
    where = send(client, rows(1001), dry_run="true")["Location"]
    work()
    refused = post(client, f"{where}/commit", body)
    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]
    assert client.get(where).json()["state"] == "preview"


def test_broken_rows_of_a_long_file_are_named_and_left_out_when_told(
    client_of, ada, book
):
    client = client_of(ada)
    where = send(client, rows(1001, side="hold") + rows(2)[len(HEAD) :])["Location"]
    work()
    shown = client.get(where).json()
    assert (shown["state"], shown["broken_count"]) == ("preview", 1001)
    assert len(shown["broken"]) == 1000
    assert post(client, f"{where}/commit").status_code == 422
    assert post(client, f"{where}/commit", {"skip_broken": True}).status_code == 200
    assert Fill.objects.count() == 2


def test_an_import_is_its_makers(client_of, ada, mallory, book):
    where = send(client_of(ada), rows(1001))["Location"]
    client = client_of(mallory)
    assert client.get(where).status_code == 404
    for action in ("commit", "cancel"):
        assert post(client, f"{where}/{action}").status_code == 404
    assert client_of(mallory).get(where[4:] + "/").status_code == 404
    assert ImportBatch.objects.get().state == "queued"


# --- the page -----------------------------------------------------------------------


def page_of(client, where):
    answer = client.get(where)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_page_shows_how_far_it_is_without_javascript(client_of, ada, book):
    client = client_of(ada)
    where = send(client, rows(1001), path="/trades/import/")["Location"]
    shown = page_of(client, where)
    assert "Waiting for a worker" in shown
    assert '<meta http-equiv="refresh"' in shown
    assert "Give it up" in shown
    ImportBatch.objects.update(state="committing", done=250, total=1001)
    shown = page_of(client, where)
    assert '<progress max="1001" value="250"' in shown
    assert "Give it up" not in shown
    ImportBatch.objects.update(state="queued", done=0, total=0)
    work()
    shown = page_of(client, where)
    assert "Book 1,001 trades" in shown
    assert '<meta http-equiv="refresh"' not in shown


def test_a_poll_gets_a_304_until_something_changes(
    client_of, ada, book, django_capture_on_commit_callbacks
):
    client = client_of(ada)
    where = send(client, rows(1001), path="/trades/import/")["Location"]
    tag = client.get(where)["HX-PTag"]
    headers = {"HX-PTag": tag, "HX-Request-Type": "partial", "HX-Target": "div#import"}
    assert client.get(where, headers=headers).status_code == 304
    ImportBatch.objects.update(state="preview")
    with django_capture_on_commit_callbacks(execute=True):
        client.post(where + "cancel/")
    changed = client.get(where, headers=headers)
    assert (changed.status_code, "<html" in changed.content.decode()) == (200, False)
    assert "Given up" in changed.content.decode()


def test_a_page_books_only_what_was_agreed_to(client_of, ada, book):
    client = client_of(ada)
    content = rows(2) + "b,BTC-USD,hold,1,1,2026-02-01T00:00:00Z\n"
    where = send(client, content, path="/trades/import/")["Location"]
    assert "Leave the 1 broken row out" in page_of(client, where)
    refused = client.post(where + "commit/")
    assert refused.status_code == 422
    assert "line 4: side" in refused.content.decode()
    assert client.post(where + "commit/", {"skip": "true"}).status_code == 422
    assert not Fill.objects.exists()
    booked = client.post(where + "commit/", {"skip_broken": "true"}, follow=True)
    assert "Booked 2 trades" in booked.content.decode()
    assert Fill.objects.count() == 2


def test_columns_that_nobody_knows_are_named_on_the_page(client_of, ada, book):
    client = client_of(ada)
    table = "when,pair,what,how much,for\n2026-01-05T12:00:00Z,BTC-USD,buy,2,10\n"
    where = send(client, table, path="/trades/import/")["Location"]
    shown = page_of(client, where)
    assert "how much" in shown
    assert "2026-01-05T12:00:00Z" in shown, "a sample of the column"
    names = ["executed_at", "symbol", "side", "quantity", "price"]
    twice = {f"column_{index}": "symbol" for index in range(5)}
    refused = client.post(where + "columns/", twice)
    assert refused.status_code == 422
    assert "Two columns are read as symbol" in refused.content.decode()
    named = {f"column_{index}": name for index, name in enumerate(names)}
    assert client.post(where + "columns/", named).status_code == 302
    assert "Book 1 trade" in page_of(client, where)
    client.post(where + "commit/")
    fill = Fill.objects.get()
    assert (fill.instrument.symbol, fill.side, fill.quantity) == ("BTC-USD", "buy", 2)


def test_columns_are_named_by_a_client_too(client_of, ada, book):
    client = client_of(ada)
    table = "when,pair,what,how much,for\n2026-01-05T12:00:00Z,BTC-USD,buy,2,10\n"
    refused = send(client, table)
    assert refused.status_code == 422
    assert [column["theirs"] for column in refused.json()["columns"]] == [
        "when",
        "pair",
        "what",
        "how much",
        "for",
    ]
    mapping = {
        "when": "executed_at",
        "pair": "symbol",
        "what": "side",
        "how much": "quantity",
        "for": "price",
    }
    assert send(client, table, mapping="[1]").status_code == 422
    assert send(client, table, mapping=json.dumps(mapping)).status_code == 201


def test_ones_own_imports_are_listed(client_of, ada, mallory, book):
    client = client_of(ada)
    for count in (1001, 1002):
        send(client, rows(count))
    first = client.get("/api/trades/imports?limit=1").json()
    (newest,) = first["imports"]
    assert (newest["state"], newest["file"]) == ("queued", "a.csv")
    rest = client.get(f"/api/trades/imports?cursor={first['next_cursor']}").json()
    assert len(rest["imports"]) == 1
    at = newest["created_at"]
    for key in ((at, 7), (at, "x"), (1, newest["id"])):
        assert (
            client.get(f"/api/trades/imports?cursor={encode(key)}").status_code == 400
        )
    assert client_of(mallory).get("/api/trades/imports").json()["imports"] == []
    assert client.get("/trades/import/").content.decode().count("a.csv") == 2


def test_a_booked_file_is_undone_by_a_client_or_on_the_page(client_of, ada, book):
    client = client_of(ada)
    first = send(client, rows(2)).json()["id"]
    where = f"/api/trades/imports/{first}"
    assert post(client, f"{where}/undo").status_code == 422
    undone = post(client, f"{where}/undo", {"reason": "the wrong file"})
    assert (undone.status_code, undone.json()["state"]) == (200, "undone")
    again = send(client, rows(2))
    assert again.status_code == 201
    page = f"/trades/imports/{again.json()['id']}/"
    assert "Undo the whole file" in page_of(client, page)
    assert client.post(f"{page}undo/").status_code == 422
    done = client.post(f"{page}undo/", {"reason": "no"}, follow=True)
    assert "Nothing of this file counts any more" in done.content.decode()
    assert not Fill.objects.standing().exists()


def test_before_a_file_is_undone_the_page_lists_what_used_its_lots(
    client_of, ada, book
):
    client = client_of(ada)
    batch = send(client, rows(2)).json()["id"]
    page = f"/trades/imports/{batch}/"
    assert "No other trade or transfer used lots" in page_of(client, page)
    sale = HEAD + "sold-1,BTC-USD,sell,2,9,2026-02-01T00:00:00Z\n"
    send(client, sale)
    said = page_of(client, page)
    assert "1 other trades and transfers used lots of this file" in said
    assert f"/trades/{Fill.objects.get(external_id='sold-1').pk}/" in said
    assert Fill.objects.get(external_id="r0").external_id + "</a>" not in said


def test_afterwards_who_undid_it_why_and_the_profit_stay_visible(client_of, ada, book):
    client = client_of(ada)
    sale = "s,BTC-USD,sell,1,9,2026-02-01T00:00:00Z\n"
    batch = send(client, rows(1) + sale).json()["id"]
    where = f"/api/trades/imports/{batch}"
    assert client.get(where).json()["undone"] is None
    undone = post(client, f"{where}/undo", {"reason": "the wrong file"}).json()
    event = undone["undone"]
    assert (event["reason"], event["author"]) == ("the wrong file", "ada")
    assert (event["pnl_before"], event["pnl_after"]) == ("-1", "0")
    assert client.get(where).json()["undone"] == event
    said = page_of(client, f"/trades/imports/{batch}/")
    assert "Undone by ada" in said
    assert "the wrong file" in said


def test_of_many_later_trades_the_next_ones_are_looked_at(
    client_of, ada, book, monkeypatch
):
    monkeypatch.setattr("trades.queries.imports.MOST_LOOKED_AT", 2)
    monkeypatch.setattr("trades.queries.imports.MOST_SHOWN", 1)
    client = client_of(ada)
    batch = send(client, rows(2)).json()["id"]
    page = f"/trades/imports/{batch}/"
    later = [f"b{n},ETH-USD,buy,1,9,2026-02-0{n}T00:00:00Z\n" for n in range(1, 4)]
    send(client, HEAD + "".join(later))
    assert "later ones were not looked at" in page_of(client, page)
    sales = [f"s{n},BTC-USD,sell,1,9,2026-01-31T0{n}:00:00Z\n" for n in (1, 2)]
    send(client, HEAD + "".join(sales))
    said = " ".join(page_of(client, page).split())
    assert "More than 1 other trades and transfers used lots" in said
