"""What comes in: forms with large files, of which only some is kept, and the cookie of a session."""

from __future__ import annotations

from tempfile import SpooledTemporaryFile
from typing import IO, Any

from flask import Flask, Request
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import URLSafeTimedSerializer
from werkzeug.datastructures import ImmutableMultiDict

READ = 100 * 1024 * 1024  # of a request at most: what comes beyond is refused with a page, and nothing of it is read
KEPT = 20 * 1024 * 1024  # of each file: no limit of a city is higher, and what is longer is refused beside its field
IN_MEMORY = 512 * 1024


class Cut(SpooledTemporaryFile[bytes]):
    """A file of a form.  Of one that is too large only so much is kept that it can be seen to be."""

    def write(self, data: Any) -> int:
        super().write(data[:max(KEPT + 1 - self.tell(), 0)])
        return len(data)


class Patient(Request):
    """Reads a form to its end, however large the files in it, and without zero bytes, which no text holds."""

    def _load_form_data(self) -> None:
        loaded = "form" in self.__dict__
        super()._load_form_data()
        if not loaded and any("\0" in text for _, text in self.form.items(multi=True)):
            self.__dict__["form"] = ImmutableMultiDict(
                (name.replace("\0", ""), text.replace("\0", "")) for name, text in self.form.items(multi=True))

    def _get_file_stream(
        self, total_content_length: int | None, content_type: str | None, filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        return Cut(max_size=IN_MEMORY, mode="rb+")


class Cookies(SecureCookieSessionInterface):
    """Keeps what signs and reads the cookies; Flask makes it anew twice a request, which is as much as either."""

    def __init__(self) -> None:
        self._made: dict[tuple[Any, ...], URLSafeTimedSerializer | None] = {}

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        keys = (app.secret_key, *(app.config["SECRET_KEY_FALLBACKS"] or ()))
        if keys not in (made := self._made):
            made = self._made = {keys: super().get_signing_serializer(app)}
        return made[keys]
