"""Field encryption: AES-256-GCM under a data key per patient and room, wrapped by KMS.

A room stores the wrapped key beside what it protects and hands it to `open_key`. Deleting the wrapped keys makes
every field of that patient unreadable. The encryption context names room and owner, so a wrapped key copied into
another patient's row does not open; the field's name is authenticated too, so values cannot be swapped between fields.

`cryptography` is loaded where it is used: most requests of a room neither seal nor open a field.
"""

import base64
import os
from dataclasses import dataclass
from functools import lru_cache

from functions.shared import aws
from functions.shared.config import config

_NONCE_BYTES = 12


class Unreadable(Exception):
    """A stored field does not decrypt: it was altered, moved, or its key is someone else's."""


@dataclass(frozen=True)
class DataKey:
    """A patient's key in one room. `wrapped` (base64) is what is stored; the plain key never leaves the process."""

    wrapped: str
    _plain: bytes

    def encrypt(self, field: str, value: str) -> str:
        """Base64 of nonce and ciphertext; the same value encrypts differently each time."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = os.urandom(_NONCE_BYTES)
        return base64.b64encode(nonce + AESGCM(self._plain).encrypt(nonce, value.encode(), field.encode())).decode()

    def decrypt(self, field: str, stored: str) -> str:
        """The inverse of `encrypt` for the same field; raises Unreadable."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        raw = base64.b64decode(stored)
        try:
            return AESGCM(self._plain).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], field.encode()).decode()
        except InvalidTag as error:
            raise Unreadable(field) from error


def new_key(*, room: str, owner_id: str) -> DataKey:
    """A fresh data key from KMS (one call)."""
    answer = aws.client("kms").generate_data_key(
        KeyId=config().kms_key_id, KeySpec="AES_256", EncryptionContext={"room": room, "owner": owner_id}
    )
    return DataKey(base64.b64encode(answer["CiphertextBlob"]).decode(), answer["Plaintext"])


@lru_cache(maxsize=256)
def open_key(wrapped: str, *, room: str, owner_id: str) -> DataKey:
    """The data key behind `wrapped` (one KMS call, then kept by this process)."""
    answer = aws.client("kms").decrypt(
        KeyId=config().kms_key_id,
        CiphertextBlob=base64.b64decode(wrapped),
        EncryptionContext={"room": room, "owner": owner_id},
    )
    return DataKey(wrapped, answer["Plaintext"])
