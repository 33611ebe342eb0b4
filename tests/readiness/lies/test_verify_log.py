"""`verify_log` names the rows that say something else than the log does."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.core.management import call_command

from accounts.models import User
from readiness.models import Review, Signoff
from readiness.services.lifecycle import deploy
from tests.readiness.lies.acts import Attack, flip_a_fail, move_the_end
from tests.readiness.lies.test_lines import claim_for_nobody
from tests.readiness.lies.test_seals import see_it_again


def verified(capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str]]:
    """The exit code, and the rows that are named."""
    capsys.readouterr()
    code = 0
    try:
        call_command("verify_log", json=True)
    except SystemExit as end:
        code = int(str(end.code))
    said = json.loads(capsys.readouterr().out)
    assert (code == 1) == (not said["ok"] and not said["unsure"])
    assert said["problems"] == []
    return code, said["rows"]


def rename_the_release(review: Review) -> None:
    Review.objects.update(release="2.0")


def open_it_later(review: Review) -> None:
    Review.objects.update(created_at=review.created_at + timedelta(days=3))


def wish_it_away(review: Review) -> None:
    Signoff.objects.all().delete()
    Review.objects.all().delete()


def delete_a_signature(review: Review) -> None:
    Signoff.objects.filter(role="Developer").delete()


ATTACKS = [
    (move_the_end, "SEC-02: cors: its record says a wrong end of its validity"),
    (flip_a_fail, "SEC-02: cors: the database says pass, the log fail"),
    (claim_for_nobody, "SEC-01: its claim is not the one that the log tells of"),
    (see_it_again, "SEC-02: Its record is not as this product wrote it"),
    (rename_the_release, "its release is not the one that it was opened with"),
    (open_it_later, "it was not opened when the database says"),
    (wish_it_away, "is gone: the log tells of its opening"),
    (delete_a_signature, "the signature as Developer of log entry"),
]


@pytest.mark.parametrize(("attack", "text"), ATTACKS)
def test_a_row_that_differs_is_named_and_the_exit_is_1(
    review: Review, capsys: pytest.CaptureFixture[str], attack: Attack, text: str
) -> None:
    assert verified(capsys)[1] == []
    attack(review)

    code, rows = verified(capsys)
    assert code == 1
    assert any(str(review.uuid) in row and text in row for row in rows)


def test_what_services_wrote_is_whole(
    review: Review, people: dict[str, User], capsys: pytest.CaptureFixture[str]
) -> None:
    deploy(review, people["dorian"])
    code, rows = verified(capsys)
    assert (code, rows) == (0, [])
    call_command("verify_log")
    said = capsys.readouterr().out.splitlines()
    assert said[-1] == "rows of which the log tells: as it tells"
