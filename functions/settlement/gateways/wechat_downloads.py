"""Files at addresses that WeChat Pay gives out: signed for like any request, but without a signature of their own."""

from collections.abc import Iterator
from contextlib import closing
from typing import Final

from functions.settlement.gateways.payments import PaymentUnknown
from functions.settlement.gateways.wechatpay import WeChatPay

_CHUNK: Final = 1 << 16
_TIMEOUT_S: Final = (3, 20)
"""Connect, silence between two pieces."""


def pieces(pay: WeChatPay, url: str, *, base_url: str) -> Iterator[bytes]:
    """The file piece by piece. Raises PaymentUnknown: it did not arrive, or is nowhere at WeChat's."""
    import requests
    from wechatpayv3.utils import build_authorization

    if not url.startswith(f"{base_url}/"):
        raise PaymentUnknown("下载地址不是微信支付的")
    core = pay.library._core
    proof = build_authorization(url.removeprefix(base_url), "GET", core._mchid, core._cert_serial_no, core._private_key)
    headers = {"Authorization": str(proof), "Accept": "*/*"}
    try:
        with closing(requests.get(url, headers=headers, timeout=_TIMEOUT_S, stream=True)) as answer:
            if answer.status_code != requests.codes.ok:
                raise PaymentUnknown(f"文件暂时不能下载（HTTP {answer.status_code}）")
            yield from answer.iter_content(_CHUNK)
    except requests.RequestException as error:
        raise PaymentUnknown(f"文件没有下载完（{type(error).__name__}）") from None
