"""A poll that names what it holds costs a 304 and no swap."""

from __future__ import annotations

from django.test import RequestFactory

from kernel.web import not_modified, page_or_fragment


def answer(rf: RequestFactory, tag: str, **headers: str):
    request = rf.get("/", headers=headers)
    return not_modified(request, tag) or page_or_fragment(
        request, "components/stale.html", {}, {"age": "3 s"}
    )


def test_the_first_answer_names_its_tag(rf: RequestFactory) -> None:
    first = answer(rf, "v1")
    assert first.status_code == 200
    assert (first["HX-PTag"], first["ETag"]) == ("v1", 'W/"v1"')


def test_the_second_poll_is_unchanged(rf: RequestFactory) -> None:
    second = answer(rf, "v1", **{"HX-PTag": "v1"})
    assert second.status_code == 304
    assert second["HX-PTag"] == "v1"
    assert "HX-Request-Type" in second["Vary"]


def test_a_change_is_sent(rf: RequestFactory) -> None:
    assert answer(rf, "v2", **{"HX-PTag": "v1"}).status_code == 200


def test_clients_without_htmx_use_the_etag(rf: RequestFactory) -> None:
    assert answer(rf, "v1", **{"If-None-Match": 'W/"v1"'}).status_code == 304
