"""A message that only one browser can read (RFC 8291, in the coding of RFC 8188: aes128gcm, a single record)."""

from __future__ import annotations

import os
from base64 import urlsafe_b64decode

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from evaka.kit.errors import Refused

RECORD = 4096  # octets of a record at most; ours is the last one, and shorter
ROOM = 256  # octets that every message fills, so that its length does not tell which it is


def told_keys(public_key: str, shared_secret: str) -> tuple[ec.EllipticCurvePublicKey, bytes]:
    """A browser's two keys; refuses what are none."""
    try:
        point, secret = (urlsafe_b64decode(one + "=" * (-len(one) % 4)) for one in (public_key, shared_secret))
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError:
        raise Refused("push.not_a_key") from None
    if len(secret) != 16 or len(point) != 65:
        raise Refused("push.not_a_key")
    return key, secret


def sealed(
    message: bytes, public_key: str, shared_secret: str, *, private: ec.EllipticCurvePrivateKey | None = None,
    salt: bytes | None = None, room: int = ROOM,
) -> bytes:
    """The message for the browser with these keys.  `private` and `salt` are new each time; tests give their own."""
    theirs, secret = told_keys(public_key, shared_secret)
    private, salt = private or ec.generate_private_key(ec.SECP256R1()), salt or os.urandom(16)
    point = private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    both = theirs.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint) + point
    shared = private.exchange(ec.ECDH(), theirs)
    first = _derived(shared, secret, b"WebPush: info\0" + both, 32)
    key = _derived(first, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derived(first, salt, b"Content-Encoding: nonce\0", 12)
    filled = message + b"\x02" + b"\0" * max(0, room - len(message))
    head = salt + RECORD.to_bytes(4, "big") + bytes([len(point)]) + point
    return head + AESGCM(key).encrypt(nonce, filled, None)


def _derived(key: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt, info).derive(key)
