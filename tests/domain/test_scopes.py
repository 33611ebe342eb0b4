"""What no service token may, whatever is ticked."""

from __future__ import annotations

import pytest

from accounts.domain.roles import PERMISSIONS
from accounts.domain.scopes import SCOPES, permitted

IN_PERSON = ("readiness.sign", "readiness.templates", "readiness.approve_waivers")


@pytest.mark.parametrize("permission", IN_PERSON)
@pytest.mark.parametrize("writes", [True, False])
def test_no_token_signs_or_keeps_templates_or_approves_waivers(
    permission: str, writes: bool
) -> None:
    assert permission in PERMISSIONS, "else this proves nothing"
    assert not permitted([permission], SCOPES, writes=writes)


def test_the_rest_of_a_reviewers_work_is_done_by_token() -> None:
    work = {"readiness.claim", "readiness.open", "readiness.run", "readiness.deploy"}
    assert permitted(work, ["readiness:write"], writes=True) == work
