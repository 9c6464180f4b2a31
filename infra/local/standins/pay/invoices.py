"""WeChat Pay's e-invoices as the stand-in keeps them: accepted at once, issued a moment later.

POST /v3/new-tax-control-fapiao/fapiao-applications                       202
GET  /v3/new-tax-control-fapiao/fapiao-applications/<id>
POST /v3/new-tax-control-fapiao/fapiao-applications/<id>/reverse          202
GET  /v3/new-tax-control-fapiao/fapiao-applications/<id>/fapiao-files
GET  /_invoices/<id>.pdf                                                  the file; carries no signature
"""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from infra.local.standins.journal import Journal
from infra.local.standins.pay.books import CHINA, Refused

ISSUED_AFTER: Final = timedelta(seconds=1)
_KINDS: Final = {"INDIVIDUAL", "ORGANIZATION"}


class Fapiao(msgspec.Struct, kw_only=True):
    fapiao_id: str
    asked: dict[str, Any]
    amount_fen: int
    accepted_at: str
    number: str
    reversed_at: str | None = None
    red_number: str | None = None


class Invoices:
    """The invoices of one merchant."""

    def __init__(self, journal: Journal, clock: Callable[[], datetime]) -> None:
        self._journal = journal
        self._clock = clock

    def issue(self, body: dict[str, Any]) -> None:
        """Accept an invoice. Raises Refused: known already, or something is missing or does not add up."""
        number, buyer, wanted = body.get("fapiao_apply_id"), body.get("buyer_information"), _one(body)
        if not number or not isinstance(buyer, dict) or buyer.get("type") not in _KINDS or not buyer.get("name"):
            raise Refused(400, "PARAM_ERROR", "购买方信息不完整")
        if buyer["type"] == "ORGANIZATION" and not buyer.get("taxpayer_id"):
            raise Refused(400, "PARAM_ERROR", "单位抬头缺少纳税人识别号")
        items = wanted.get("items") or []
        if not items or sum(item.get("total_amount", 0) for item in items) != wanted.get("total_amount"):
            raise Refused(400, "PARAM_ERROR", "发票行金额与总金额不一致")
        if self._journal.get("fapiao", number) is not None:
            raise Refused(400, "ALREADY_EXISTS", "发票申请单已存在")
        self._save(
            Fapiao(
                fapiao_id=number,
                asked={"buyer": buyer, "items": items},
                amount_fen=wanted["total_amount"],
                accepted_at=self._now(),
                number=f"26{secrets.randbelow(10**18):018d}",
            )
        )

    def reverse(self, number: str, body: dict[str, Any]) -> None:
        """Accept that an issued invoice is made red. Raises Refused."""
        fapiao = self.find(number)
        if self._is_waiting(fapiao.accepted_at):
            raise Refused(400, "RULE_LIMIT", "发票尚未开具，不能冲红")
        if _one(body).get("fapiao_number") != fapiao.number:
            raise Refused(400, "PARAM_ERROR", "发票号码不一致")
        if fapiao.reversed_at is None:
            fapiao.reversed_at, fapiao.red_number = self._now(), f"26{secrets.randbelow(10**18):018d}"
            self._save(fapiao)

    def find(self, number: str) -> Fapiao:
        """One invoice. Raises Refused."""
        record = self._journal.get("fapiao", number)
        if record is None:
            raise Refused(404, "NOT_FOUND", "发票申请单不存在")
        return msgspec.convert(record, Fapiao)

    def answer(self, fapiao: Fapiao) -> dict[str, Any]:
        """The invoice as a query shows it."""
        if fapiao.reversed_at is not None:
            status = "REVERSE_ACCEPTED" if self._is_waiting(fapiao.reversed_at) else "REVERSED"
        else:
            status = "ISSUE_ACCEPTED" if self._is_waiting(fapiao.accepted_at) else "ISSUED"
        shown: dict[str, Any] = {
            "fapiao_id": fapiao.fapiao_id,
            "status": status,
            "total_amount": fapiao.amount_fen,
        }
        if status != "ISSUE_ACCEPTED":
            shown["blue_fapiao"] = {"fapiao_number": fapiao.number, "fapiao_time": fapiao.accepted_at}
        if status == "REVERSED":
            shown["red_fapiao"] = {"fapiao_number": fapiao.red_number, "fapiao_time": fapiao.reversed_at}
        return {"total_count": 1, "fapiao_information": [shown]}

    def files(self, fapiao: Fapiao, base_url: str) -> dict[str, Any]:
        """Where the file lies."""
        url = f"{base_url}/_invoices/{fapiao.fapiao_id}.pdf"
        return {"fapiao_download_info_list": [{"fapiao_id": fapiao.fapiao_id, "download_url": url, "status": "ISSUED"}]}

    def pdf(self, number: str) -> bytes:
        """A small PDF that names the invoice."""
        fapiao = self.find(number)
        text = f"BT /F1 18 Tf 40 780 Td (e-invoice {fapiao.number} {fapiao.amount_fen / 100:.2f}) Tj ET".encode()
        objects = [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
            b"<</Length %d>>stream\n%s\nendstream" % (len(text), text),
            b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        ]
        body = b"".join(b"%d 0 obj%s endobj\n" % (place, each) for place, each in enumerate(objects, 1))
        return b"%PDF-1.4\n" + body + b"trailer<</Root 1 0 R/Size 6>>\n%%EOF\n"

    def _is_waiting(self, since: str) -> bool:
        return self._clock() - datetime.fromisoformat(since) < ISSUED_AFTER

    def _now(self) -> str:
        return self._clock().astimezone(CHINA).isoformat()

    def _save(self, fapiao: Fapiao) -> None:
        self._journal.put("fapiao", fapiao.fapiao_id, msgspec.to_builtins(fapiao))


def _one(body: dict[str, Any]) -> dict[str, Any]:
    listed = body.get("fapiao_information")
    if not isinstance(listed, list) or len(listed) != 1 or not isinstance(listed[0], dict):
        raise Refused(400, "PARAM_ERROR", "替身一次只开一张发票")
    return listed[0]
