"""A claim over HTTP: the client's part through the API, the insurer's through the desk of its stand-in."""

from typing import Any

from infra.local.demo_order import Order
from infra.local.demo_stage import Stage, expect, require

PDF = b"%PDF-1.4 " + bytes(64)
_STORY = "陪诊师记错了时间，过了叫号，只能重新挂号。"


class ClaimCase:
    """One claim of the client's, and the insurer's desk where it lies."""

    def __init__(self, stage: Stage, order: Order) -> None:
        self.stage, self.order = stage, order
        self.claim_id = ""

    def client(self, method: str, path: str, body: Any = None, status: int = 200) -> dict[str, Any]:
        answer = self.stage.api.request(method, path, body, token=self.order.client.token)
        found: dict[str, Any] = expect(answer, status, path)
        return found

    def draft(self, peril: str, amount_fen: int) -> None:
        body = {"peril": peril, "amount_fen": amount_fen, "story": _STORY}
        self.claim_id = self.client("POST", f"/orders/{self.order.id}/claims", body, 201)["claim_id"]

    def add_file(self, title: str) -> None:
        path = f"/claims/{self.claim_id}"
        leave = self.client("POST", f"{path}/uploads", {"content_type": "application/pdf"}, 201)
        self.stage.api.upload(leave, PDF)
        self.client("POST", f"{path}/files", {"file_id": leave["file_id"], "title": title}, 201)

    def submit(self) -> None:
        """The client looks at what the insurer will see, and agrees to just that."""
        bundle = self.client("GET", f"/claims/{self.claim_id}/evidence")
        self.client("POST", f"/claims/{self.claim_id}/submit", {"digest": bundle["digest"]})

    def wait_for_state(self, state: str) -> None:
        self.stage.wait_for(
            lambda: self.client("GET", f"/claims/{self.claim_id}")["state"] == state or None,
            f"报案没有到 {state} 这一步",
        )

    def insurer_hears(self, state: str) -> None:
        """The signed message about this move of the client's reached the insurer's own server."""

        def heard() -> bool | None:
            events = self.stage.insurer.request("GET", "/_control/events", quiet=True).body["events"]
            ours = [event["data"] for event in events if event["data"].get("claim_id") == self.claim_id]
            return state in [each["state"] for each in ours] or None

        self.stage.wait_for(heard, f"保险公司没有收到 {state} 的消息", patience_s=60)

    def insurer_sees(self) -> dict[str, Any]:
        """The claim as our API shows it to the insurer."""
        answer = self.stage.insurer.request("GET", f"/_control/claims/{self.claim_id}")
        require(answer.body["status"] == 200, "保险公司看不到这次报案")
        return dict(answer.body["body"])

    def insurer(self, act: str, *, promised: bool = False, **body: Any) -> list[dict[str, Any]]:
        """What our API answered to the insurer's requests for this act."""
        answer = self.stage.insurer.request("POST", f"/_control/claims/{self.claim_id}/{act}", body)
        answers: list[dict[str, Any]] = expect(answer, 202 if promised else 200, act)["answers"]
        return answers


def codes(answers: list[dict[str, Any]]) -> list[tuple[int, str]]:
    """Status of each answer, with the problem's code or the claim's state."""
    return [(each["status"], each["body"].get("code") or each["body"]["state"]) for each in answers]
