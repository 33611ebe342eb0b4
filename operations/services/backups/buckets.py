"""Backups in a bucket of S3, or of what speaks as it does (AWS_ENDPOINT_URL)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.client import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
from django.conf import settings
from django.core.files import File
from storages.backends.s3 import S3Storage

from kernel import http
from operations.services.backups.places import refuse_no_room, scratch
from operations.services.backups.shelves import Away

CONNECT_SECONDS = 5
READ_SECONDS = 30  # for the next bytes, not for all
TRIES = 3
GONE = frozenset({"404", "NoSuchKey", "NotFound"})
REFUSED = frozenset(
    {
        *("401", "403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"),
        *("ExpiredToken", "InvalidToken", "AllAccessDisabled"),
    }
)


class Bucket:
    """`url` is s3://bucket/prefix; see Shelf."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.url = url.rstrip("/")
        self.name, self.prefix = parts.netloc, parts.path.strip("/")

    @cached_property
    def _storage(self) -> S3Storage:
        return S3Storage(
            bucket_name=self.name,
            location=self.prefix,
            access_key=settings.AWS_ACCESS_KEY_ID or None,
            secret_key=settings.AWS_SECRET_ACCESS_KEY or None,
            security_token=settings.AWS_SESSION_TOKEN or None,
            region_name=settings.AWS_REGION or None,
            endpoint_url=settings.AWS_ENDPOINT_URL or None,
            default_acl=None,
            file_overwrite=True,
            transfer_config=TransferConfig(use_threads=False),
            client_config=Config(
                connect_timeout=CONNECT_SECONDS,
                read_timeout=READ_SECONDS,
                retries={"total_max_attempts": TRIES, "mode": "standard"},
            ),
        )

    def refuse_absent(self) -> None:
        self.names()

    def names(self) -> list[str]:
        with self._worded():
            return [
                name for name in self._storage.listdir("")[1] if name.startswith("rrr-")
            ]

    def location(self, name: str) -> str:
        return f"{self.url}/{name}"

    def put(self, draft: Path, name: str) -> str:
        with self._worded(), draft.open("rb") as file:
            self._storage.save(name, File(file, name))
        return self.location(name)

    @contextmanager
    def fetched(self, name: str) -> Iterator[Path]:
        with scratch() as inner:
            path = inner / name
            with self._worded(name):
                answer = self._storage.bucket.Object(self._key(name)).get()
                refuse_no_room(f"bringing {name} here", answer["ContentLength"], inner)
                with path.open("wb") as file:
                    shutil.copyfileobj(answer["Body"], file)
            yield path

    def size(self, name: str) -> int:
        with self._worded(name):
            return int(self._storage.bucket.Object(self._key(name)).content_length)

    def remove(self, name: str) -> None:
        with self._worded(name):
            self._storage.delete(name)

    def _key(self, name: str) -> str:
        return f"{self.prefix}/{name}".lstrip("/")

    @contextmanager
    def _worded(self, name: str = "") -> Iterator[None]:
        """One call; what goes wrong in it is a sentence. Raises Away, and
        FileNotFoundError where only the backup `name` is gone."""
        self._refuse_unreachable()
        try:
            yield
        except NoCredentialsError as error:
            raise Away(
                f"{self.url} cannot be reached without a key: set AWS_ACCESS_KEY_ID "
                "and AWS_SECRET_ACCESS_KEY"
            ) from error
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            if name and code in GONE:
                self.names()  # which says when it is the bucket that is not there
                raise FileNotFoundError(2, "it is not there any more", name) from error
            raise Away(f"{self.url} {self._why(code)}") from error
        except (BotoCoreError, Boto3Error) as error:
            raise Away(f"{self.url} does not answer: {error}") from error

    def _why(self, code: str) -> str:
        if code in {"NoSuchBucket", *GONE}:
            return f"cannot be used: there is no bucket {self.name} (BACKUP_URL)"
        if code in REFUSED:
            return f"refuses our key ({code}): look at AWS_ACCESS_KEY_ID and its rights"
        return f"answers {code or 'an error'}"

    def _refuse_unreachable(self) -> None:
        """The rule of all outgoing calls: public, or named in OUTGOING_ALLOW."""
        try:
            http.refuse_not_public(
                self._storage.connection.meta.client.meta.endpoint_url
            )
        except (http.Refused, http.NoAnswer) as error:
            raise Away(f"{self.url} is not reached: {error}") from error
        except (BotoCoreError, ValueError) as error:
            raise Away(f"{self.url} cannot be used: {error}") from error
