"""A provider of strong identification that runs on this machine: OpenID Connect over HTTP, signed with RS256.

It is as strict as the real ones (PKCE, redirect addresses, codes that work once, proof of the client), and can be told
to misbehave in the ways that a client must not believe.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from base64 import b64decode, urlsafe_b64encode
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from joserfc import jwe, jwt
from joserfc.jwk import KeySet, OctKey, RSAKey

CLIENT, SECRET = "vaka", "a secret that tests alone know"
CODE_CLAIM = "urn:oid:1.2.246.21"
LOA2 = "http://ftn.ficora.fi/2017/loa2"


@cache
def rsa_key(name: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": name})


class Provider:
    """What it has been told to do, and what it was asked."""

    def __init__(self) -> None:
        self.url = ""
        self.claims: dict[str, Any] = {}  # of whoever identifies
        self.wrong: dict[str, Any] = {}  # claims of the token that are not as they should be
        self.refuses = ""  # the error that comes back instead of a code
        self.key = rsa_key("one")  # that signs
        self.published = [self.key]
        self.strange: list[dict[str, str]] = []  # keys that nobody else knows how to use
        self.alg = "RS256"
        self.in_userinfo = False  # the personal identity code comes from there
        self.ends = True  # it has an end_session_endpoint
        self.shows = False  # its own page, on which somebody goes on or cancels
        self.broken: set[str] = set()  # paths that answer with a fault
        self.client_keys: KeySet | None = None  # then a client proves itself by its key, and answers are sealed
        self.codes: dict[str, dict[str, str]] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []

    def description(self) -> dict[str, Any]:
        told = {
            "issuer": self.url, "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token", "jwks_uri": f"{self.url}/jwks",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["private_key_jwt" if self.client_keys else "client_secret_basic"],
        }
        return told | ({"end_session_endpoint": f"{self.url}/end"} if self.ends else {})

    # -- what a browser asks ----------------------------------------------------------------------

    def authorize(self, asked: dict[str, str], *, cancel: bool = False) -> str:
        """Where the browser is sent back to."""
        if "request" in asked:
            assert self.client_keys is not None
            letter = jwt.decode(asked["request"], self.client_keys, algorithms=["RS256"])
            assert letter.claims["aud"] == self.url
            assert letter.claims["exp"] > time.time()
            asked = {name: str(value) for name, value in letter.claims.items()}
        assert asked["client_id"] == CLIENT
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        back = {"state": asked["state"], "iss": self.url}
        if error := "access_denied" if cancel else self.refuses:
            return f"{asked['redirect_uri']}?{urlencode(back | {'error': error})}"
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode(back | {'code': code})}"

    # -- what the client asks ---------------------------------------------------------------------

    def token(self, asked: dict[str, str], proof: str) -> tuple[int, dict[str, Any]]:
        if not self._client(asked, proof):
            return 401, {"error": "invalid_client"}
        begun = self.codes.pop(asked.get("code", ""), None)
        challenge = urlsafe_b64encode(sha256(asked.get("code_verifier", "").encode()).digest()).decode().rstrip("=")
        if (begun is None or begun["code_challenge"] != challenge or begun["redirect_uri"] != asked["redirect_uri"]):
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {"iss": self.url, "sub": "somebody", "aud": CLIENT, "iat": now, "exp": now + 300,
                  "nonce": begun["nonce"]}
        claims |= {} if self.in_userinfo else self.claims
        claims |= self.wrong
        key: Any = OctKey.import_key(SECRET) if self.alg.startswith("HS") else self.key
        token = jwt.encode({"alg": self.alg, "kid": self.key.kid}, claims, key, algorithms=[self.alg])
        if self.client_keys is not None:
            opens = next(one for one in self.client_keys.keys if one.get("use") == "enc")
            token = jwe.encrypt_compact({"alg": "RSA-OAEP", "enc": "A128GCM", "cty": "JWT"}, token.encode(), opens)
        return 200, {"access_token": "access", "token_type": "Bearer", "expires_in": 300, "id_token": token}

    def _client(self, asked: dict[str, str], proof: str) -> bool:
        if self.client_keys is None:
            expected = f"{CLIENT}:{SECRET}"
            return unquote(b64decode(proof.removeprefix("Basic ")).decode()) == expected
        letter = jwt.decode(asked["client_assertion"], self.client_keys, algorithms=["RS256"])
        return bool(letter.claims["sub"] == CLIENT and letter.claims["aud"] == f"{self.url}/token")


class _Handler(BaseHTTPRequestHandler):
    provider: Provider

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        asked = dict(parse_qsl(parts.query))
        self.provider.asked.append((parts.path, asked))
        if parts.path in self.provider.broken:
            self._answer(500, "a fault", "text/plain")
        elif parts.path == "/.well-known/openid-configuration":
            self._json(200, self.provider.description())
        elif parts.path == "/jwks":
            self._json(200, {"keys": [
                *self.provider.strange, *(one.as_dict(private=False) for one in self.provider.published)]})
        elif parts.path == "/userinfo":
            self._json(200, {"sub": "somebody"} | self.provider.claims)
        elif parts.path == "/authorize" and self.provider.shows:
            self._page({"go": self.provider.authorize(asked), "cancel": self.provider.authorize(asked, cancel=True)})
        elif parts.path == "/authorize":
            self._go(self.provider.authorize(asked))
        elif parts.path == "/end":
            self._page({"back": asked["post_logout_redirect_uri"]})
        else:
            self._answer(404, "", "text/plain")

    def do_POST(self) -> None:
        asked = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        self.provider.asked.append((self.path, asked))
        if self.path in self.provider.broken:
            self._answer(500, "a fault", "text/plain")
        else:
            self._json(*self.provider.token(asked, self.headers.get("Authorization", "")))

    def _page(self, links: dict[str, str]) -> None:
        shown = "".join(f'<p><a id="{name}" href="{escape(where)}">{name}</a></p>' for name, where in links.items())
        self._answer(200, f"<!doctype html><title>provider</title>{shown}", "text/html")

    def _go(self, where: str) -> None:
        self.send_response(302)
        self.send_header("Location", where)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _json(self, status: int, told: dict[str, Any]) -> None:
        self._answer(status, json.dumps(told), "application/json")

    def _answer(self, status: int, text: str, media: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: Any) -> None:
        """Silent: tests look at `asked`."""


@contextmanager
def running() -> Any:
    """A provider that answers on a port of its own."""
    provider = Provider()
    handler = type("Handler", (_Handler,), {"provider": provider})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    provider.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
