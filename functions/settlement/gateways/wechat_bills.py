"""Fetching WeChat Pay's daily trade bill: asked for by day, streamed, never held as a whole.

The answer to the request names an address and the SHA-1 of the bill as it is unpacked. The file itself carries no
signature, so its digest is what proves it; it is complete only when that digest was right.
"""

import hashlib
import zlib
from collections.abc import Iterable, Iterator
from datetime import date

import msgspec

from functions.settlement.gateways.payments import PaymentRejected, PaymentUnknown
from functions.settlement.gateways.wechat_bill import BadBill, lines_of
from functions.settlement.gateways.wechat_downloads import pieces
from functions.settlement.gateways.wechatpay import WeChatPay
from functions.settlement.rules.reconciliation import BillLine

_NO_TRADE = "NO_STATEMENT_EXIST"


class _Named(msgspec.Struct):
    hash_type: str
    hash_value: str
    download_url: str


class WeChatBills:
    """The bills of one merchant, over the connection that its payments use."""

    def __init__(self, pay: WeChatPay, *, base_url: str) -> None:
        self._pay = pay
        self._base_url = base_url.rstrip("/")

    def lines(self, day: date) -> Iterator[BillLine]:
        """The lines of the bill of a China day, none if nothing was traded.

        Only when the iterator ended was the bill whole and genuine. Raises BadBill; PaymentUnknown if it does not
        arrive (ask again later); PaymentRejected.
        """
        try:
            answer = self._pay.ask(self._pay.library.trade_bill, bill_date=day.isoformat())
        except PaymentRejected as refusal:
            if refusal.code == _NO_TRADE:
                return
            raise
        try:
            named = msgspec.json.decode(answer, type=_Named)
        except msgspec.MsgspecError:
            raise PaymentUnknown("微信支付的应答格式无法识别") from None
        if named.hash_type != "SHA1":
            raise BadBill("账单的摘要算法不是 SHA1")
        digest = hashlib.sha1(usedforsecurity=False)
        yield from lines_of(_texts(_unpacked(pieces(self._pay, named.download_url, base_url=self._base_url)), digest))
        if digest.hexdigest().lower() != named.hash_value.lower():
            raise BadBill("账单内容与微信支付给出的摘要不符")


def _unpacked(packed: Iterable[bytes]) -> Iterator[bytes]:
    """GZIP, piece by piece. Raises BadBill for what is none or ends too early."""
    unpacker = zlib.decompressobj(wbits=31)
    try:
        for piece in packed:
            yield unpacker.decompress(piece)
        yield unpacker.flush()
    except zlib.error:
        raise BadBill("账单不是 GZIP 文件") from None
    if not unpacker.eof:
        raise BadBill("账单没有下载完整")


def _texts(unpacked: Iterable[bytes], digest: "hashlib._Hash") -> Iterator[str]:
    """The lines of a text that comes in pieces, each piece entered into `digest`."""
    rest = b""
    for piece in unpacked:
        digest.update(piece)
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield _decoded(line) + "\n"
    if rest:
        yield _decoded(rest)


def _decoded(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise BadBill("账单不是 UTF-8 文本") from None
