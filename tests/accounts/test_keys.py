"""A signing key opens with its passphrase and with nothing else."""

import hashlib
import json

import pytest

from accounts.domain import keys as domain
from accounts.domain.keys import make as make_as_the_product
from accounts.models import SigningKey
from accounts.queries import signing_key_of
from accounts.services import keys
from audit.models import AuditEvent
from kernel.errors import Conflict, Forbidden, Invalid
from tests.conftest import PASSWORD

PHRASE = "a passphrase of some length"
PAGE = "/settings/signing-key/"


@pytest.fixture
def lena(person):
    return person("lena", "Technical Lead")


class TestWrapping:
    def test_the_key_id_is_the_one_of_the_format(self):
        made = domain.make(PHRASE, cost=2**4)
        assert made.key_id == hashlib.sha256(made.public).hexdigest()

    def test_it_opens_and_signs(self):
        made = domain.make(PHRASE, cost=2**4)
        key = domain.open_wrapped(made.wrapped, made.key_id, PHRASE)
        key.public_key().verify(key.sign(b"words"), b"words")
        assert key.public_key().public_bytes_raw() == made.public

    def test_another_passphrase_does_not_open_it(self):
        made = domain.make(PHRASE, cost=2**4)
        with pytest.raises(domain.WrongPassphrase):
            domain.open_wrapped(made.wrapped, made.key_id, PHRASE + " ")

    def test_it_cannot_be_moved_to_another_row(self):
        one, two = domain.make(PHRASE, cost=2**4), domain.make(PHRASE, cost=2**4)
        with pytest.raises(domain.WrongPassphrase):
            domain.open_wrapped(one.wrapped, two.key_id, PHRASE)

    def test_nothing_of_the_private_key_or_phrase_lies_open(self):
        made = domain.make(PHRASE, cost=2**4)
        raw = domain.open_wrapped(made.wrapped, made.key_id, PHRASE).private_bytes_raw()
        assert raw not in made.wrapped
        assert PHRASE.encode() not in made.wrapped
        assert set(json.loads(made.wrapped)) == {
            "v",
            "kdf",
            "n",
            "salt",
            "nonce",
            "sealed",
        }

    def test_the_same_phrase_typed_on_another_keyboard_opens_it(self):
        made = domain.make("Zoe\u0308s long passphrase", cost=2**4)
        key = domain.open_wrapped(made.wrapped, made.key_id, "Zoës long passphrase")
        assert key.public_key().public_bytes_raw() == made.public

    def test_the_product_makes_guessing_cost_64_megabytes(self):
        assert json.loads(make_as_the_product(PHRASE).wrapped)["n"] == str(2**16)
        assert 128 * domain.BLOCK * domain.COST == 64 * 2**20


@pytest.mark.django_db
class TestOwnKey:
    def test_it_is_made_once(self, lena):
        made = keys.create(lena, PHRASE)
        assert signing_key_of(lena) == made
        with pytest.raises(Conflict) as refused:
            keys.create(lena, PHRASE)
        assert refused.value.code == "has_signing_key"

    def test_the_database_refuses_a_second_active_one(self, lena):
        from django.db import IntegrityError, transaction

        keys.create(lena, PHRASE)
        with pytest.raises(IntegrityError), transaction.atomic():
            SigningKey.objects.create(
                user=lena, key_id="0" * 64, public=b"1", wrapped=b"2"
            )

    def test_a_short_passphrase_is_refused(self, lena):
        with pytest.raises(Invalid):
            keys.create(lena, "too short")

    def test_the_wrong_passphrase_is_a_refusal(self, lena):
        keys.create(lena, PHRASE)
        with pytest.raises(Forbidden) as refused:
            keys.unlock(lena, "another passphrase altogether")
        assert refused.value.code == "passphrase"

    def test_without_a_key_it_says_so(self, lena):
        with pytest.raises(Conflict) as refused:
            keys.unlock(lena, PHRASE)
        assert refused.value.code == "no_signing_key"

    def test_a_new_password_does_not_touch_it(self, lena):
        keys.create(lena, PHRASE)
        lena.set_password("reset by an administrator, long enough")
        lena.save()
        keys.unlock(lena, PHRASE)
        with pytest.raises(Forbidden):
            keys.unlock(lena, "reset by an administrator, long enough")

    def test_revoking_says_why_and_the_log_tells_both(self, lena):
        made = keys.create(lena, PHRASE)
        revoked = keys.revoke(lena, "lost", by=lena)
        assert signing_key_of(lena) is None
        events = AuditEvent.objects.order_by("seq")
        told: dict[int | None, str] = {event.seq: event.kind for event in events}
        assert told[made.registered_seq] == "accounts.key.created"
        assert told[revoked.revoked_seq] == "accounts.key.revoked"
        assert all(PHRASE.encode() not in bytes(event.body) for event in events)

    def test_mallory_may_not_revoke_it(self, lena, person):
        keys.create(lena, PHRASE)
        with pytest.raises(Forbidden):
            keys.revoke(lena, "lost", by=person("mallory", "Developer"))

    def test_an_administrator_may(self, lena, person):
        keys.create(lena, PHRASE)
        keys.revoke(lena, "lost", by=person("root", "Administrator"))
        assert signing_key_of(lena) is None


@pytest.mark.django_db
class TestPage:
    def make(self, client, phrase=PHRASE, again=PHRASE):
        return client.post(
            f"{PAGE}create/", {"passphrase": phrase, "again": again}, follow=True
        )

    def test_it_shows_the_key_id(self, lena, client_of):
        page = self.make(client_of(lena)).content.decode()
        key = signing_key_of(lena)
        assert key
        assert key.key_id in page
        assert PHRASE not in page

    def test_two_different_phrases_make_none(self, lena, client_of):
        answer = self.make(client_of(lena), again="another phrase entirely")
        assert answer.status_code == 422
        assert "differ" in answer.content.decode()
        assert signing_key_of(lena) is None

    def test_revoking_needs_the_password(self, lena, client_of):
        client = client_of(lena)
        self.make(client)
        form = {"reason": "compromised", "password": "wrong"}
        assert client.post(f"{PAGE}revoke/", form).status_code == 422
        assert signing_key_of(lena)
        form["password"] = PASSWORD
        assert client.post(f"{PAGE}revoke/", form).status_code == 302
        assert signing_key_of(lena) is None
        assert "compromised" in client.get(PAGE).content.decode()

    def test_whoever_cannot_sign_has_no_such_page(self, person, client_of):
        assert client_of(person("vito", "Viewer")).get(PAGE).status_code == 403
