"""The city's own pair of keys, by which a push service knows who writes (VAPID, RFC 8292): made once, kept in a file.

Browsers have agreed to this key alone, so a lost file means that all agree anew.
"""

from __future__ import annotations

import json
import os
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

FILE = "push.key"
VALID = timedelta(hours=12)  # of a token; RFC 8292 allows 24 at most


def plain(octets: bytes) -> str:
    """Base 64 as addresses write it, without the signs that fill it up."""
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


@dataclass(frozen=True)
class Keys:
    private: ec.EllipticCurvePrivateKey

    @property
    def public(self) -> str:
        """As a browser is given it."""
        point = self.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return plain(point)

    def token(self, audience: str, contact: str, now: datetime) -> str:
        """The value of the Authorization header for a push service."""
        head = plain(json.dumps({"typ": "JWT", "alg": "ES256"}).encode())
        claims = {"aud": audience, "exp": int((now + VALID).timestamp()), "sub": f"mailto:{contact}"}
        signed = f"{head}.{plain(json.dumps(claims).encode())}"
        r, s = decode_dss_signature(self.private.sign(signed.encode(), ec.ECDSA(SHA256())))
        return f"vapid t={signed}.{plain(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}, k={self.public}"


def keys_in(folder: Path) -> Keys:
    """The keys of a folder, made when there are none; nobody else on the machine may read them."""
    file = Path(folder) / FILE
    if not file.exists():
        made = ec.generate_private_key(ec.SECP256R1())
        fresh = file.with_name(f"{FILE}.{os.getpid()}")
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as out:
            out.write(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        try:
            os.link(fresh, file)  # of two processes that make keys at once, the first has made them
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    private = load_pem_private_key(file.read_bytes(), None)
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{file} holds no key of an elliptic curve")
    return Keys(private)
