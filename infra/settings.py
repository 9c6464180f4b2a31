"""What the functions read at run time and the template does not hold: secrets and public parameters of a stage.

secret    zhenban/<stage>/token-keys    {"keys": [private JWK, private JWK], "active": kid, "guest_hmac_key": base64}
parameter /zhenban/<stage>/jwks         {"keys": [public JWK, public JWK]}
parameter /zhenban/<stage>/public-urls  {"api", "live", "pay_notify", "guest"}
secrets   zhenban/<stage>/wechat-mini, wechat-pay, for video calls trtc: from the providers (docs/deploy.md)
"""

import base64
import json
import secrets
from typing import Any

from botocore.exceptions import ClientError
from joserfc.jwk import ECKey, KeySet

from infra.stacks import Clients

FROM_PROVIDERS = ("wechat-mini", "wechat-pay")
"""Secrets that only a person can fill in."""
LIVE_KEYS = 2


def find_secret(clients: Clients, stage: str, name: str) -> Any | None:
    """The JSON secret, or None."""
    client = clients("secretsmanager")
    try:
        return json.loads(client.get_secret_value(SecretId=f"zhenban/{stage}/{name}")["SecretString"])
    except client.exceptions.ResourceNotFoundException:
        return None


def put_secret(clients: Clients, stage: str, name: str, value: Any) -> None:
    """Create the JSON secret or give it a new version; an equal one is left alone."""
    present = find_secret(clients, stage, name)
    if present == value:
        return
    client, text = clients("secretsmanager"), json.dumps(value, ensure_ascii=False)
    if present is None:
        client.create_secret(Name=f"zhenban/{stage}/{name}", SecretString=text)
    else:
        client.put_secret_value(SecretId=f"zhenban/{stage}/{name}", SecretString=text)


def put_parameter(clients: Clients, stage: str, name: str, value: Any) -> None:
    """Create or replace the JSON parameter; an equal one is left alone."""
    client, path, text = clients("ssm"), f"/zhenban/{stage}/{name}", json.dumps(value, ensure_ascii=False)
    try:
        if client.get_parameter(Name=path)["Parameter"]["Value"] == text:
            return
    except ClientError as error:
        if error.response["Error"]["Code"] != "ParameterNotFound":
            raise
    client.put_parameter(Name=path, Value=text, Type="String", Overwrite=True)


def ensure_token_keys(clients: Clients, stage: str) -> None:
    """Two ES256 keys for sessions and one for guest links, made once; the public halves are published."""
    kept = find_secret(clients, stage, "token-keys")
    if kept is None:
        keys = [_new_key() for _ in range(LIVE_KEYS)]
        kept = {
            "keys": [key.as_dict(private=True) for key in keys],
            "active": keys[0].kid,
            "guest_hmac_key": _secret_text(),
        }
        put_secret(clients, stage, "token-keys", kept)
    public = KeySet([ECKey.import_key(key) for key in kept["keys"]]).as_dict(private=False)
    put_parameter(clients, stage, "jwks", public)


def _secret_text() -> str:
    """32 random bytes in base64: what guests' links are signed with."""
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _new_key() -> ECKey:
    key = ECKey.generate_key("P-256", {"alg": "ES256", "use": "sig"}, auto_kid=True)
    key.ensure_kid()
    return key
