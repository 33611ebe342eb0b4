"""Which ciphers and hashes keep what is kept: asked with the algorithm itself, not with
our own code."""

from __future__ import annotations

import ast
import base64
import hashlib
import json
import math
import random
import re
from collections.abc import Callable
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher, identify_hasher
from django.contrib.sessions.backends.base import VALID_KEY_CHARS

from accounts.domain import keys
from accounts.models import User
from accounts.services import invitations, service_tokens, tokens
from accounts.services.sessions import SessionStore
from audit.domain import merkle
from tests.architecture.test_house import APPS, sources
from tests.conftest import PASSWORD

ROOT = Path(settings.BASE_DIR)
PHRASE = "a passphrase of several words"
# SHA-1 is git's name of a file, which guards nothing.
HASHES = {
    *("sha256", "sha512", "blake2b", "file_digest"),
    "kernel/build_list.py: sha1",
}
# What a module of ours takes from the libraries that encrypt.
CRYPTOGRAPHY = {
    "exceptions": {"InvalidSignature", "InvalidTag"},
    "fernet": {"Fernet", "InvalidToken", "MultiFernet"},
    "hazmat.primitives.asymmetric.ed25519": {"Ed25519PrivateKey", "Ed25519PublicKey"},
    "hazmat.primitives.ciphers.aead": {"AESGCM"},
    "hazmat.primitives.kdf.scrypt": {"Scrypt"},
}
SERIALIZATION = "hazmat.primitives.serialization"


def test_a_signing_key_is_sealed_by_aes_256_in_gcm() -> None:
    new = keys.make(PHRASE, cost=2**4)
    fields = json.loads(new.wrapped)
    salt, nonce, sealed = (
        base64.b64decode(fields[name]) for name in ("salt", "nonce", "sealed")
    )
    key = Scrypt(salt=salt, length=32, n=2**4, r=8, p=1).derive(PHRASE.encode())
    opened = AESGCM(key).decrypt(nonce, sealed, new.key_id.encode())
    private = keys.open_wrapped(new.wrapped, new.key_id, PHRASE)
    assert opened == private.private_bytes_raw()
    assert len(nonce) * 8 == 96


def test_no_two_keys_share_salt_or_nonce() -> None:
    made = [json.loads(keys.make(PHRASE, cost=2**4).wrapped) for _ in range(20)]
    for name in ("salt", "nonce", "sealed"):
        assert len({fields[name] for fields in made}) == 20


def test_nothing_else_is_taken_from_the_libraries_that_encrypt() -> None:
    """So no block mode without a seal, and no cipher of our own choosing."""
    taken: dict[str, set[str]] = {}
    for path in sources(*APPS, "rrr_dashboard"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names = {alias.name.partition(".")[0] for alias in node.names}
                assert not names & {"cryptography", "Crypto", "nacl", "OpenSSL"}, path
            elif isinstance(node, ast.ImportFrom) and node.module:
                library, _, room = node.module.partition(".")
                if library == "cryptography" and room != SERIALIZATION:
                    names = {alias.name for alias in node.names}
                    taken[room] = taken.get(room, set()) | names
    assert taken == CRYPTOGRAPHY


def test_no_weak_hash_is_used() -> None:
    """`file_digest` takes its hash as a word: all that is one word is SHA-256."""
    used = {
        node.attr if node.attr != "sha1" else f"{path.relative_to(ROOT)}: {node.attr}"
        for path in sources(*APPS, "rrr_dashboard")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "hashlib"
    }
    assert used == HASHES
    words = {
        ast.literal_eval(word)
        for path in sources(*APPS, "rrr_dashboard")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and "digest" in ast.unparse(node.func)
        for word in (*node.args, *(each.value for each in node.keywords))
        if isinstance(word, ast.Constant)
        and isinstance(word.value, str)
        and re.fullmatch(r"(?i)(md|sha|ripemd|blake).*", word.value)
    }
    assert words == {"sha256"}


@pytest.mark.django_db
def test_a_password_is_kept_by_argon2(person: Callable[..., User]) -> None:
    kept = person("ada").password
    assert PASSWORD not in kept
    assert isinstance(identify_hasher(kept), Argon2PasswordHasher)
    assert kept.startswith("argon2$argon2id$")
    assert settings.PASSWORD_HASHERS == [
        "django.contrib.auth.hashers.Argon2PasswordHasher"
    ]


def test_a_leaf_of_the_log_is_its_sha_256() -> None:
    assert merkle.leaf_hash(b"body") == hashlib.sha256(b"\0body").digest()
    left, right = b"l" * 32, b"r" * 32
    told = hashlib.sha256(b"\1" + left + right).digest()
    assert merkle.node_hash(left, right) == told


@pytest.mark.django_db
def test_a_service_token_is_kept_as_its_sha_256(person: Callable[..., User]) -> None:
    ada = person("ada", "Developer")
    new = service_tokens.NewToken(name="bot", scopes=["readiness:read"], days=9)
    row, text = service_tokens.make(new, ada, by=ada)
    secret = text.rpartition("_")[2]
    assert row.digest == hashlib.sha256(secret.encode()).hexdigest()
    assert len(bytes.fromhex(secret)) * 8 >= 128


def new_session_key(seed: int) -> str:
    random.seed(seed)
    store = SessionStore()
    store.create()
    key = str(store.session_key)
    store.delete(key)  # else one that repeats would be drawn again
    return key


@pytest.mark.django_db
def test_a_session_key_holds_128_bits_that_no_seed_tells() -> None:
    """Of 36 letters and digits 25 hold 128 bits; what `random` drew would repeat."""
    drawn = [new_session_key(7) for _ in range(50)]
    assert len(set(drawn)) == 50
    for key in drawn:
        assert set(key) <= set(VALID_KEY_CHARS)
        assert len(key) * math.log2(len(VALID_KEY_CHARS)) >= 128
    places = zip(*drawn, strict=True)
    assert min(len(set(letters)) for letters in places) > 15, "each place is drawn"


@pytest.mark.django_db
def test_a_link_of_an_invitation_holds_128_bits_that_no_seed_tells(
    person: Callable[..., User],
) -> None:
    ada, made = person("ada", "Administrator"), list[str]()

    def keep(token: str) -> str:
        made.append(token)
        return token

    for number in range(3):
        random.seed(7)
        new = invitations.NewInvitation(username=f"grace-{number}", roles=["Viewer"])
        invitations.invite(new, by=ada, link_of=keep)
    assert len(set(made)) == 3
    assert all(len(token) * 6 >= 128 for token in made), "letters of base 64"


@pytest.mark.django_db
def test_every_log_in_has_tokens_of_its_own(person: Callable[..., User]) -> None:
    ada = person("ada", "Developer")
    pairs = [tokens.issue(ada) for _ in range(3)]
    claims = [
        jwt.decode(text, options={"verify_signature": False})
        for pair in pairs
        for text in (pair.access, pair.refresh)
    ]
    assert len({claim["jti"] for claim in claims}) == 6
    assert len({claim["sid"] for claim in claims}) == 3
