"""A telephone that has agreed to be told: it has keys of its own, and opens what is sealed for it (RFC 8291).

Written from the standard, with no line of ours: what it opens, any browser opens.
"""

from __future__ import annotations

import hmac
import os
from base64 import urlsafe_b64encode
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def plain(octets: bytes) -> str:
    return urlsafe_b64encode(octets).decode().rstrip("=")


def derived(salt: bytes, key: bytes, info: bytes, length: int) -> bytes:
    """HKDF of one step (RFC 5869)."""
    extracted = hmac.new(salt, key, sha256).digest()
    return hmac.new(extracted, info + b"\x01", sha256).digest()[:length]


class Phone:
    def __init__(self) -> None:
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.secret = os.urandom(16)
        self.point = self.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.public_key, self.shared_secret = plain(self.point), plain(self.secret)

    def opened(self, content: bytes) -> bytes:
        """What was sealed; raises when it is for another, or has been altered."""
        salt, length = content[:16], content[20]
        assert int.from_bytes(content[16:20], "big") == 4096
        sender, sealed = content[21 : 21 + length], content[21 + length :]
        shared = self.private.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender))
        key = derived(self.secret, shared, b"WebPush: info\0" + self.point + sender, 32)
        filled = AESGCM(derived(salt, key, b"Content-Encoding: aes128gcm\0", 16)).decrypt(
            derived(salt, key, b"Content-Encoding: nonce\0", 12), sealed, None)
        message = filled.rstrip(b"\0")
        assert message.endswith(b"\x02")  # the last record
        return message[:-1]
