"""The provider of strong identification, by OpenID Connect: what it is asked, and what of its answer is believed.

Authorization code with PKCE, state and nonce (OpenID Connect Core 1.0, RFC 7636, RFC 9207).  The Finnish Trust Network
asks more of those who use it: a client that proves itself by a key, signed requests and encrypted answers.  With the
two key files of `settings_of` we do that too.  Every failure is a Refused, whose key says what went wrong.
"""

from __future__ import annotations

import logging
import secrets
import time
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from authlib.oidc.core import CodeIDToken
from joserfc import jwe, jwt
from joserfc.errors import ExpiredTokenError, InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet, RSAKey
from requests import RequestException

from evaka.kit.errors import ConfigMistake, Refused
from evaka.rules.user import Identification

log = logging.getLogger(__name__)
PATIENCE = 10  # seconds for each answer of the provider
FRESH = 3600  # seconds for which its description is believed
LEEWAY = 60  # seconds by which its clock may differ from ours
SIGNED_BY = ["RS256", "PS256", "ES256", "RS384", "PS384", "ES384", "RS512", "PS512", "ES512"]  # never a shared secret
SEALED_BY = ["RSA-OAEP", "RSA-OAEP-256", "A128GCM", "A256GCM", "A128CBC-HS256", "A256CBC-HS512"]
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
NAMES = {"issuer": "EVAKA_OIDC_ISSUER", "client_id": "EVAKA_OIDC_CLIENT", "client_secret": "EVAKA_OIDC_SECRET"}


def settings_of(environment: Mapping[str, str], folder: Path) -> dict[str, str]:
    """How the city's provider is reached; empty: the city has none.

    From the environment, or from `oidc.toml` in the data folder; never from config/, which is under version control.
    `oidc-sign.pem` and `oidc-open.pem` beside it are RSA keys: one proves who asks, the other opens what is answered.
    """
    told = _file(folder / "oidc.toml")
    told |= {name: environment[variable] for name, variable in NAMES.items() if environment.get(variable)}
    if not told:
        return {}
    for use in ("sign", "open"):
        if (key := folder / f"oidc-{use}.pem").exists():
            told[f"{use}_key"] = key.read_text()
    lacking = [NAMES[name] for name in ("issuer", "client_id") if not told.get(name)]
    if not told.get("client_secret") and not told.get("sign_key"):
        lacking.append(f"{NAMES['client_secret']} (or {folder / 'oidc-sign.pem'})")
    if lacking:
        raise ConfigMistake("strong identification", f"{', '.join(lacking)} is missing", "Give all of them, or none.")
    if not is_safe(told["issuer"]):
        raise ConfigMistake(
            "strong identification", f'the issuer is "{told["issuer"]}"', "Give its address, from https:// on.")
    return told


def _file(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):  # what stands there is not for a log
        raise ConfigMistake(str(path), "this is not TOML", 'Write issuer = "https://…" and so on.') from None
    if unknown := told.keys() - NAMES.keys():
        raise ConfigMistake(
            str(path), f"nobody knows {', '.join(sorted(unknown))}", f"The names are {', '.join(NAMES)}.")
    return {name: str(value) for name, value in told.items()}


def is_safe(address: str) -> bool:
    """Nobody on the way can read or change what goes there."""
    parts = urlsplit(address)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost"))


@dataclass(frozen=True)
class Identified:
    """What a provider has proved of somebody: claims, and the token by which its session is ended again."""

    claims: Mapping[str, Any]
    id_token: str


@dataclass
class Provider:
    issuer: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    sign_key: str = field(default="", repr=False)  # PEM
    open_key: str = field(default="", repr=False)
    described: tuple[float, dict[str, Any]] = field(default=(0.0, {}), repr=False)
    keys: KeySet | None = field(default=None, repr=False)

    def description(self) -> dict[str, Any]:
        """What the provider says of itself; asked once an hour."""
        asked_at, told = self.described
        if not told or time.monotonic() - asked_at > FRESH:
            with self._session() as session:
                told = self._json(session, f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
            if str(told.get("issuer", "")).rstrip("/") != self.issuer.rstrip("/"):
                raise _failed(f"it calls itself {told.get('issuer')}")
            if wrong := [name for name in ENDPOINTS if not is_safe(str(told.get(name, "")))]:
                raise _failed(f"no safe address for {', '.join(wrong)}")
            self.described, self.keys = (time.monotonic(), told), None
        return told

    def begin(self, back: str, language: str, asks: Identification) -> tuple[str, dict[str, str]]:
        """The address at which somebody identifies, and what their browser keeps until they are back."""
        told = self.description()
        kept = {"state": secrets.token_urlsafe(24), "nonce": secrets.token_urlsafe(24),
                "verifier": secrets.token_urlsafe(48), "back": back}
        more = {"nonce": kept["nonce"], "ui_locales": language}
        if asks.levels:
            more["acr_values"] = " ".join(asks.levels)
        with self._session(back, asks.scope) as session:
            address, _ = session.create_authorization_url(
                told["authorization_endpoint"], state=kept["state"], code_verifier=kept["verifier"], **more)
        return self._signed(address) if self.sign_key else address, kept

    def _signed(self, address: str) -> str:
        """The same question in a signed letter (RFC 9101), so that nobody changes it on its way through the browser."""
        parts = urlsplit(address)
        asked: dict[str, Any] = dict(parse_qsl(parts.query))
        now = int(time.time())
        key = self._own_key("sign")
        letter = jwt.encode(
            {"alg": "RS256", "kid": key.kid, "typ": "oauth-authz-req+jwt"},
            asked | {"iss": self.client_id, "aud": self.issuer, "iat": now, "exp": now + 300,
                     "jti": secrets.token_urlsafe(16)}, key)
        plain = {name: asked[name] for name in ("client_id", "response_type", "scope")}
        return f"{parts._replace(query='').geturl()}?{urlencode(plain | {'request': letter})}"

    def finish(self, answer: Mapping[str, str], kept: Mapping[str, str], asks: Identification) -> Identified:
        """Who has come back; refuses whatever is not proved."""
        if not kept or not secrets.compare_digest(answer.get("state", "").encode(), kept["state"].encode()):
            raise Refused("user.identify_state")
        if (error := answer.get("error")) is not None:
            raise Refused("user.identify_cancelled") if error == "access_denied" else _failed(f"it says {error[:60]}")
        told = self.description()
        if answer.get("iss") not in (None, told["issuer"]):
            raise _failed("somebody else answers")
        with self._session(kept["back"], asks.scope) as session:
            try:
                token = session.fetch_token(
                    told["token_endpoint"], code=answer.get("code", ""), code_verifier=kept["verifier"],
                    grant_type="authorization_code")
                if "id_token" not in token:
                    raise _failed("no id_token")
                signed = self._opened(str(token["id_token"]))
                claims = self._proved(signed, kept["nonce"], token.get("access_token"))
                if not any(claims.get(name) for name in asks.code_claims) and "userinfo_endpoint" in told:
                    more = self._json(session, told["userinfo_endpoint"])
                    claims = more | claims if more.get("sub") == claims["sub"] else claims
            except ExpiredTokenError as no:
                raise Refused("user.identify_late") from no
            except JoseError as no:
                raise _failed(f"{type(no).__name__} {no}") from no
            except AuthlibBaseError as no:  # the code is used up, too old, or not ours
                raise Refused("user.identify_used") from no
            except RequestException as no:
                raise _away(no) from no
        return Identified(claims, signed)

    def _opened(self, token: str) -> str:
        """A token that came in a sealed letter (JWE), taken out of it."""
        if token.count(".") != 4 or not self.open_key:
            return token
        registry = jwe.JWERegistry(algorithms=SEALED_BY)
        plain = jwe.decrypt_compact(token, self._own_key("open"), registry=registry).plaintext
        return (plain or b"").decode()

    def _proved(self, token: str, nonce: str, access_token: Any) -> dict[str, Any]:
        """The claims of a token that the provider signed, now, for us, and for this very question."""
        try:
            decoded = jwt.decode(token, self._keys(), algorithms=SIGNED_BY)
        except InvalidKeyIdError:  # it has changed its keys
            decoded = jwt.decode(token, self._keys(anew=True), algorithms=SIGNED_BY)
        claims = CodeIDToken(
            decoded.claims, decoded.header,
            {"iss": {"essential": True, "value": self.description()["issuer"]},
             "aud": {"essential": True, "value": self.client_id}},
            {"nonce": nonce, "client_id": self.client_id, "access_token": access_token})
        claims.validate(leeway=LEEWAY)
        return dict(claims)

    def _keys(self, *, anew: bool = False) -> KeySet:
        if self.keys is None or anew:
            with self._session() as session:
                self.keys = _usable(self._json(session, self.description()["jwks_uri"]))
        return self.keys

    def leaving(self, id_token: str, back: str) -> str | None:
        """The address at which the provider's own session is ended, if it has one."""
        end = str(self.description().get("end_session_endpoint") or "")
        if not is_safe(end):
            return None
        asked = {"id_token_hint": id_token, "client_id": self.client_id, "post_logout_redirect_uri": back}
        return f"{end}{'&' if '?' in end else '?'}{urlencode(asked)}"

    def own_keys(self) -> dict[str, Any]:
        """The public halves of our own keys, for the provider to fetch."""
        return {"keys": [
            self._own_key(use).as_dict(private=False, use=word)
            for use, word, there in (("sign", "sig", self.sign_key), ("open", "enc", self.open_key)) if there]}

    def _own_key(self, use: str) -> RSAKey:
        key = RSAKey.import_key(self.sign_key if use == "sign" else self.open_key)
        key.ensure_kid()
        return key

    def _session(self, back: str | None = None, scope: str | None = None) -> OAuth2Session:
        if self.sign_key:
            proof: Any = self._own_key("sign")
            method = "private_key_jwt"
        else:
            proof, known = self.client_secret, self._auth_methods()
            method = "client_secret_basic" if "client_secret_basic" in known else "client_secret_post"
        session = OAuth2Session(
            self.client_id, proof, scope=scope, redirect_uri=back, code_challenge_method="S256",
            token_endpoint_auth_method=method, default_timeout=PATIENCE)
        if self.sign_key:
            session.register_client_auth_method(PrivateKeyJWT(headers={"kid": proof.kid}))
        return session

    def _auth_methods(self) -> list[str]:
        return self.described[1].get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]

    def _json(self, session: OAuth2Session, address: str) -> dict[str, Any]:
        try:
            answer = session.request("GET", address, withhold_token=not session.token)
            answer.raise_for_status()
            told = answer.json()
        except RequestException as no:
            raise _away(no) from no
        if not isinstance(told, dict):
            raise _failed(f"no description at {address}")
        return told


def _usable(told: dict[str, Any]) -> KeySet:
    """The keys of a set that we can use; a strange one beside them is none of our business."""
    found = []
    for one in told.get("keys") or ():
        try:
            found += KeySet.import_key_set({"keys": [one]}).keys
        except (JoseError, ValueError, KeyError, TypeError) as no:
            log.info("a key of the provider cannot be used: %s %s", type(no).__name__, no)
    if not found:
        raise _failed("no usable key")
    return KeySet(found)


def _away(no: Exception) -> Refused:
    log.warning("the provider of strong identification does not answer: %s", no)
    return Refused("user.identify_away")


def _failed(why: str) -> Refused:
    log.warning("strong identification was not believed: %s", why)
    return Refused("user.identify_failed")
