"""The stand-ins' secrets: made once, then read by the servers and by the step that deploys the stack.

    python -m infra.local.standins.keys --state-dir DIR

writes `DIR/keys.json` and `DIR/keys/*.pem`, readable by the owner only; run again it changes nothing. Paths inside
`keys.json` are relative to DIR:

    {"wechat": {"app_id", "app_secret"},
     "wechat_pay": {"merchant_id", "certificate_serial", "apiv3_key", "platform_public_key_id",
                    "merchant_private_key_file", "merchant_public_key_file",
                    "platform_private_key_file", "platform_public_key_file"},
     "insurer": {"webhook_secret"}}

The product is given everything but `platform_private_key_file`, which only the stand-in may use.
"""

import argparse
import base64
import hashlib
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)


@dataclass(frozen=True)
class WeChatKeys:
    """The mini program's; the keys of its message push follow from its secret."""

    app_id: str
    app_secret: str

    @property
    def push_token(self) -> str:
        return hashlib.sha256(f"push-token {self.app_secret}".encode()).hexdigest()[:32]

    @property
    def push_aes_key(self) -> str:
        """43 characters, as WeChat's console shows it."""
        digest = hashlib.sha256(f"push-aes-key {self.app_secret}".encode()).digest()
        return base64.b64encode(digest).decode().rstrip("=")

    def as_secret(self) -> dict[str, str]:
        """What the product is given."""
        return {
            "app_id": self.app_id,
            "app_secret": self.app_secret,
            "push_token": self.push_token,
            "push_aes_key": self.push_aes_key,
        }


@dataclass(frozen=True)
class PayKeys:
    """What the WeChat Pay stand-in holds: its own private key and the merchant's public one."""

    app_id: str
    merchant_id: str
    certificate_serial: str
    apiv3_key: str
    platform_public_key_id: str
    platform_private_key: rsa.RSAPrivateKey
    merchant_public_key: rsa.RSAPublicKey


@dataclass(frozen=True)
class Keys:
    wechat: WeChatKeys
    pay: PayKeys
    webhook_secret: str


def make_keys(state_dir: Path) -> Path:
    """Make the keys unless they are there; return the path of `keys.json`."""
    path = state_dir / "keys.json"
    if path.exists():
        return path
    folder = state_dir / "keys"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in ("merchant", "platform"):
        private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        _write(
            folder / f"{name}_private.pem",
            private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        )
        _write(
            folder / f"{name}_public.pem",
            private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        )
    content = {
        "wechat": {"app_id": f"wx{secrets.token_hex(8)}", "app_secret": secrets.token_hex(16)},
        "wechat_pay": {
            "merchant_id": f"19{secrets.randbelow(10**8):08d}",
            "certificate_serial": secrets.token_hex(20).upper(),
            "apiv3_key": secrets.token_hex(16),
            "platform_public_key_id": f"PUB_KEY_ID_{secrets.token_hex(16).upper()}",
            "merchant_private_key_file": "keys/merchant_private.pem",
            "merchant_public_key_file": "keys/merchant_public.pem",
            "platform_private_key_file": "keys/platform_private.pem",
            "platform_public_key_file": "keys/platform_public.pem",
        },
        "insurer": {"webhook_secret": f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"},
    }
    # Last and at once, so that a run that was cut short is simply done again.
    fresh = path.with_suffix(".new")
    _write(fresh, json.dumps(content, indent=2).encode())
    os.replace(fresh, path)
    return path


def load_keys(state_dir: Path) -> Keys:
    """The keys that `make_keys` made. Raises FileNotFoundError if it never ran."""
    content = json.loads((state_dir / "keys.json").read_text(encoding="utf-8"))
    pay = content["wechat_pay"]
    private = load_pem_private_key((state_dir / pay["platform_private_key_file"]).read_bytes(), password=None)
    public = load_pem_public_key((state_dir / pay["merchant_public_key_file"]).read_bytes())
    if not isinstance(private, rsa.RSAPrivateKey) or not isinstance(public, rsa.RSAPublicKey):
        raise TypeError("the stand-ins' keys are RSA keys")
    return Keys(
        wechat=WeChatKeys(**content["wechat"]),
        pay=PayKeys(
            app_id=content["wechat"]["app_id"],
            merchant_id=pay["merchant_id"],
            certificate_serial=pay["certificate_serial"],
            apiv3_key=pay["apiv3_key"],
            platform_public_key_id=pay["platform_public_key_id"],
            platform_private_key=private,
            merchant_public_key=public,
        ),
        webhook_secret=content["insurer"]["webhook_secret"],
    )


def _write(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the stand-ins' keys once.")
    parser.add_argument("--state-dir", type=Path, required=True)
    print(make_keys(parser.parse_args().state_dir))


if __name__ == "__main__":
    main()
