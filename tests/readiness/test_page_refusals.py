"""What the pages refuse, and that nothing is lost or changed by it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from django.test import Client

from accounts.models import User
from readiness.models import Comment, Evidence, Review, ReviewItem

Person = Callable[..., User]
ClientOf = Callable[[User], Client]
NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def client(ada: User, client_of: ClientOf) -> Client:
    return client_of(ada)


def url(line: ReviewItem, path: str) -> str:
    return "/readiness/" + path.format(review=line.review.uuid, line=line.pk)


ITEM = "reviews/{review}/items/{line}/"
MISSING = [
    pytest.param(f"reviews/{NOBODY}/", id="no such review"),
    pytest.param(f"reviews/{NOBODY}/sign/", id="signing none"),
    pytest.param(f"reviews/{NOBODY}/verify/", id="verifying none"),
    pytest.param("reviews/{review}/items/0/", id="no such line"),
    pytest.param(f"reviews/{NOBODY}/items/{{line}}/", id="a line of another review"),
    pytest.param(f"{ITEM}evidence/0/file/", id="no such file"),
    pytest.param("templates/versions/0/", id="no such version"),
    pytest.param("reviews/{review}/sign/?role=Cook", id="a role that is not asked"),
]


@pytest.mark.parametrize("path", MISSING)
def test_what_is_not_there(client: Client, line: ReviewItem, path: str) -> None:
    page = client.get(url(line, path))

    assert page.status_code == 404
    assert b"Not here, or not yours" in page.content


def test_a_filter_that_there_is_not(client: Client, review: Review) -> None:
    assert client.get(f"/readiness/reviews/{review.uuid}/?state=odd").status_code == 400


ROLES = [
    # path, who may see it (of Developer, Administrator, Viewer, Operator)
    pytest.param("", {"Developer", "Administrator", "Viewer", "Operator"}, id="list"),
    pytest.param(
        "reviews/{review}/",
        {"Developer", "Administrator", "Viewer", "Operator"},
        id="review",
    ),
    pytest.param(
        "reviews/{review}/sign/",
        {"Developer", "Administrator", "Viewer", "Operator"},
        id="what is signed",
    ),
    pytest.param(
        "reviews/{review}/verify/",
        {"Developer", "Administrator", "Viewer", "Operator"},
        id="verify",
    ),
    pytest.param(
        "templates/",
        {"Developer", "Administrator", "Viewer", "Operator"},
        id="checklists",
    ),
    pytest.param("reviews/new/", {"Developer", "Administrator"}, id="open a review"),
    pytest.param("templates/import/", {"Administrator"}, id="import a checklist"),
]


@pytest.mark.parametrize(("path", "may"), ROLES)
@pytest.mark.parametrize("role", ["Developer", "Administrator", "Viewer", "Operator"])
def test_who_opens_a_page(
    line: ReviewItem,
    person: Person,
    client_of: ClientOf,
    path: str,
    may: set[str],
    role: str,
) -> None:
    page = client_of(person("walt", role)).get(url(line, path))

    assert page.status_code == (200 if role in may else 403)


@pytest.mark.parametrize(
    "path", ["", "reviews/{review}/", "reviews/{review}/sign/", "templates/"]
)
def test_strangers_log_in_first(line: ReviewItem, path: str) -> None:
    answer = Client().get(url(line, path))

    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/?next=/readiness/")


POSTS: list[object] = [
    pytest.param("claim/", {"done": "true", "revision": "1"}, id="claim"),
    pytest.param("fields/", {"revision": "1", "field:Expiry": "2027"}, id="fill"),
    pytest.param("comments/", {"text": "hm"}, id="comment"),
    pytest.param("evidence/", {"summary": "s", "text": "t"}, id="file evidence"),
    pytest.param("run/", {}, id="run"),
]


@pytest.mark.parametrize(("path", "body"), POSTS)
def test_a_viewer_changes_nothing(
    line: ReviewItem,
    person: Person,
    client_of: ClientOf,
    path: str,
    body: Mapping[str, str],
) -> None:
    viewer = client_of(person("vera", "Viewer"))

    assert viewer.post(url(line, ITEM + path), body).status_code == 403
    line.refresh_from_db()
    assert (line.revision, line.claimed, line.values) == (1, False, {})
    assert not Comment.objects.exists()
    assert not Evidence.objects.exists()


BAD_TICKS = [
    pytest.param({"done": "true"}, id="no revision"),
    pytest.param({"revision": "1"}, id="neither done nor not"),
    pytest.param({"done": "perhaps", "revision": "1"}, id="perhaps done"),
    pytest.param({"done": "true", "revision": "one"}, id="a revision in words"),
    pytest.param({"done": "true", "revision": "-1"}, id="a negative revision"),
    pytest.param({"done": "true", "revision": "9" * 5000}, id="an endless revision"),
]


@pytest.mark.parametrize("body", BAD_TICKS)
def test_a_tick_that_says_too_little(
    client: Client, line: ReviewItem, body: Mapping[str, str]
) -> None:
    assert client.post(url(line, f"{ITEM}claim/"), body).status_code == 400
    line.refresh_from_db()
    assert not line.claimed


FILLS = [
    pytest.param(
        {"revision": "1", "field:Expiry": "2027-01-01"},
        "Filled in.",
        True,
        id="a blank of the line",
    ),
    pytest.param(
        {"revision": "1", "field:Colour": "red"},
        "Colour: no such blank here",
        False,
        id="a blank that it has not",
    ),
    pytest.param(
        {"revision": "1", "field:Expiry": "x" * 201},
        "Expiry: at most 200 characters",
        False,
        id="a long text",
    ),
    pytest.param(
        {"revision": "9", "field:Expiry": "2027"},
        "SEC-03 was changed by somebody meanwhile",
        False,
        id="a stale revision",
    ),
]


@pytest.mark.parametrize(("body", "message", "kept"), FILLS)
def test_filling_a_blank(
    client: Client,
    line: ReviewItem,
    body: Mapping[str, str],
    message: str,
    *,
    kept: bool,
) -> None:
    page = client.post(url(line, f"{ITEM}fields/"), body, follow=True)

    assert message in page.content.decode()
    line.refresh_from_db()
    assert bool(line.values) == kept


def test_filling_needs_a_revision(client: Client, line: ReviewItem) -> None:
    assert client.post(url(line, f"{ITEM}fields/"), {}).status_code == 400


def test_an_empty_comment_says_so(client: Client, line: ReviewItem) -> None:
    page = client.post(url(line, f"{ITEM}comments/"), {"text": "  "}, follow=True)

    assert "Say something." in page.content.decode()
    assert not Comment.objects.exists()


def test_a_comment_that_is_too_long_says_so_and_keeps_it(
    client: Client, line: ReviewItem
) -> None:
    page = url(line, f"{ITEM}comments/")
    answer = client.post(page, {"text": "x" * 5_001 + " <end>"})
    assert answer.status_code == 422
    shown = answer.content.decode()
    assert "at most 5,000 characters, these are 5,007" in shown
    assert "x" * 5_001 + " &lt;end&gt;</textarea>" in shown
    assert not Comment.objects.exists()
    assert client.post(page, {"text": "y" * 5_000}).status_code == 302
    assert Comment.objects.get().text == "y" * 5_000


def test_a_note_that_is_too_long_ticks_nothing(
    client: Client, line: ReviewItem
) -> None:
    page = url(line, f"{ITEM}claim/")
    tick = {"done": "true", "revision": line.revision}
    answer = client.post(page, {**tick, "note": "x" * 501})
    assert answer.status_code == 422
    assert "at most 500 characters" in answer.content.decode()
    line.refresh_from_db()
    assert not line.claimed


def test_a_line_without_a_probe_says_who_files_its_evidence(
    client: Client, line: ReviewItem
) -> None:
    page = client.post(url(line, f"{ITEM}run/"), follow=True)

    assert "No probe stands behind this line" in page.content.decode()


def test_confirming_what_is_not_there_says_so(client: Client, line: ReviewItem) -> None:
    page = client.post(url(line, f"{ITEM}evidence/7/confirm/"), follow=True)

    assert "There is no such evidence here." in page.content.decode()


NEW = {"release": "2.0.0", "commit": "ab" * 20, "environment": "development"}
BAD_REVIEWS = [
    pytest.param(
        {"commit": "short"},
        422,
        "40 lower-case hexadecimal digits",
        id="a short commit",
    ),
    pytest.param({"commit": ""}, 422, "This field is required.", id="no commit"),
    pytest.param(
        {"release": "r" * 81}, 422, "at most 80 characters", id="a long release"
    ),
    pytest.param(
        {"environment": "moon"}, 422, "Select a valid choice.", id="no such environment"
    ),
    pytest.param({"release": "1.0.0"}, 409, "is open already", id="open already"),
]


@pytest.mark.parametrize(("change", "status", "message"), BAD_REVIEWS)
def test_a_form_that_opens_no_review_keeps_what_was_typed(
    client: Client, review: Review, change: Mapping[str, str], status: int, message: str
) -> None:
    body = {**NEW, "template": str(review.version_id), **change}

    page = client.post("/readiness/reviews/new/", body)

    assert page.status_code == status
    text = page.content.decode()
    assert message in text
    assert body["commit"] in text
    assert Review.objects.count() == 1


UPLOADS = [
    pytest.param({}, "Choose a Markdown file first.", id="no file"),
    pytest.param({"name": "Desk"}, "Choose a Markdown file first.", id="only a name"),
]


@pytest.mark.parametrize(("body", "message"), UPLOADS)
def test_an_import_without_a_file_says_so(
    person: Person, client_of: ClientOf, body: Mapping[str, str], message: str
) -> None:
    admin = client_of(person("olive", "Administrator"))

    page = admin.post("/readiness/templates/import/", body)

    assert page.status_code == 422
    assert message in page.content.decode()


GET_ONLY = ["templates/", "templates/versions/1/"]


@pytest.mark.parametrize("path", GET_ONLY)
def test_pages_that_only_read_take_no_post(client: Client, path: str) -> None:
    assert client.post(f"/readiness/{path}").status_code == 405


@pytest.mark.parametrize(
    "path", ["claim/", "fields/", "comments/", "run/", "evidence/"]
)
def test_what_only_writes_is_no_page(
    client: Client, line: ReviewItem, path: str
) -> None:
    assert client.get(url(line, ITEM + path)).status_code == 405
