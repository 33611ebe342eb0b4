"""What the list of trades goes out as comes in again as what it was."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from trades.models import Fill
from trades.services.amending import void_fill
from trades.services.fills import book_fills

pytestmark = pytest.mark.django_db
ODD = ("-7", "=1+1", "+9", "@x", "'quoted", "'=x", "plain")


def test_a_download_read_again_books_nothing_twice_and_nothing_that_was_voided(
    client_of, ada, book, make_fill
):
    fills = [
        make_fill(
            name, "buy", "0.00000001", "100", day, note=f"={name}", order_id=f"-{name}"
        )
        for day, name in enumerate(ODD)
    ]
    booked = book_fills([*fills, make_fill("gone", "buy", "1", "1")], ada).fills
    void_fill(booked[-1].pk, "twice", ada)
    client = client_of(ada)
    download = client.get("/trades/trades.csv").getvalue()

    def read_again():
        file = SimpleUploadedFile("trades.csv", download)
        answer = client.post("/api/trades/import", {"file": file, "book": "ada-main"})
        assert answer.status_code in (200, 201), answer.content
        return answer.json()

    again = read_again()
    assert (again["new"], again["duplicates"]) == (0, len(ODD))
    [voided] = [n for n, row in enumerate(download.split(b"\n"), 1) if b",gone," in row]
    assert [row["line"] for row in again["skipped"]] == [voided]
    ids = list(Fill.objects.values_list("external_id", "note", "order_id"))
    assert sorted(ids) == sorted(
        [("gone", "", ""), *((name, f"={name}", f"-{name}") for name in ODD)]
    )
