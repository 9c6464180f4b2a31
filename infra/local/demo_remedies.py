"""What is done when something went wrong: a complaint to its end, a companion exchanged, a claim paid."""

from datetime import datetime
from typing import Any

from functions.shared.money import yuan
from infra.local import demo_complaint, demo_order, demo_scenes
from infra.local.demo_claim import ClaimCase, codes
from infra.local.demo_order import Order, Person
from infra.local.demo_stage import Stage, expect, require

_JPEG = b"\xff\xd8\xff\xe0" + bytes(80) + b"\xff\xd9"


def play_remedies(stage: Stage, behind: Stage) -> None:
    """All three, each effect checked. What leads up to each is played on `behind`, untold. Raises Missing."""
    complain(stage, *demo_scenes.completed_order(behind))
    exchange(stage, *demo_scenes.assigned_order(behind))
    claim(stage, demo_scenes.companion_at_hospital(behind)[0])


# a complaint ---------------------------------------------------------------------------------------------------------
def complain(stage: Stage, order: Order, companion: Person) -> None:
    """Filed with evidence, contested, decided for a part, appealed, closed: paid once, the rest released."""
    client = order.client.token
    stage.story.step("陪诊完成后她不满意，带证据申诉退款：系统先核对记录，再请陪诊师说明")
    path = demo_complaint.file(stage, order, "service", evidence_ids=[_photo(stage, order)])
    asked = demo_complaint.await_state(stage, path, "awaiting_companion", client)
    facts = asked["facts"]
    stage.story.note(f"{path}：{asked['state_title']}，截止 {_spoken(asked['due_at'])}")
    stage.story.note(
        f"系统记录：预约 {_spoken(facts['starts_at'])}，到院打卡 {_spoken(facts['arrived_at'])}，"
        f"报告提交 {_spoken(facts['report_at'])}"
    )
    demo_complaint.contest(stage, path, companion)

    stage.story.step("陪诊师有异议，规则不能单独判定：客服领取并裁定，一次裁定只退一次")
    first, second = (demo_order.sign_in_staff(stage, name) for name in ("agent", "agent2"))
    demo_complaint.decide(stage, path, first, "refund", refund_fen=5_000)
    decided = demo_complaint.await_state(stage, path, "awaiting_client", client)
    require(demo_complaint.refunds_fen(stage, order) == [5_000], "裁定的退款没有恰好退一次")
    stage.story.note(f"退还 {yuan(decided['refund_fen'])}：{decided['reason']}。{decided['state_title']}")
    held = stage.wait_for(lambda: _income(stage, order, companion), "订单没有收入")
    require(held["state"] == "pending", "申诉没有结束，收入不该结算")
    stage.story.note("申诉没有结束，这一单的收入一直待结算")

    stage.story.step("她申请复议，只有一次：由另一位客服处理，结果是最终的；余下的收入解冻")
    demo_complaint.post(stage, f"{path}/appeal", {"text": "退得太少，请再核实一次。"}, client)
    demo_complaint.await_state(stage, path, "awaiting_agent", client)
    refused = stage.wait_for(lambda: _refused_to(stage, path, first), "处理过的客服本应不能再领取")
    stage.story.note(refused)
    demo_complaint.decide(stage, path, second, "reject")
    closed = demo_complaint.await_state(stage, path, "closed", client)
    stage.story.note(f"{closed['state_title']}，{len(closed['history'])} 步都记下了时间")
    _check_books(stage, order, companion)


def _photo(stage: Stage, order: Order) -> str:
    uploads = f"/orders/{order.id}/complaint-uploads"
    answer = stage.api.request("POST", uploads, {"content_type": "image/jpeg"}, token=order.client.token)
    leave = expect(answer, 201, "申请上传证据")
    stage.api.upload(leave, _JPEG)
    return str(leave["file_id"])


def _income(stage: Stage, order: Order, companion: Person) -> dict[str, Any] | None:
    answer = stage.api.request("GET", f"/earnings/orders/{order.id}", token=companion.token, quiet=True)
    return answer.body if answer.status == 200 else None


def _refused_to(stage: Stage, path: str, agent: str) -> str | None:
    answer = stage.api.request("POST", f"{path}/take", None, token=agent, quiet=True)
    return str(answer.body["title"]) if answer.code == "other_agent_decides" else None


def _check_books(stage: Stage, order: Order, companion: Person) -> None:
    def released() -> dict[str, Any] | None:
        income = _income(stage, order, companion)
        return income if income and income["state"] == "available" else None

    stage.wait_for(released, "申诉结束后收入没有解冻")
    for each in demo_order.balanced_ledger(stage, order):
        lines = "，".join(f"{line['title']} {yuan(line['amount_fen'])}" for line in each["postings"])
        stage.story.note(f"{each['event']}：{lines}")


# somebody else -------------------------------------------------------------------------------------------------------
def exchange(stage: Stage, order: Order, companion: Person) -> None:
    """The visit is ahead: another companion comes at a time that the client named, and the policy follows."""
    client = order.client.token
    other = demo_complaint.another_day(order)
    stage.story.step("另一单还没有开始：她要求更换陪诊师，也可以换个时间")
    path = demo_complaint.file(stage, order, "service", "reassign", other_times=[other.isoformat()])
    demo_complaint.contest(stage, path, companion)
    agent = demo_order.sign_in_staff(stage, "agent")
    demo_complaint.decide(stage, path, agent, "reassign", moved_to=other.isoformat())
    second = demo_complaint.next_takes(stage, order)
    demo_complaint.await_state(stage, path, "awaiting_client", client)
    require(second.account_id != companion.account_id, "接单的还是原来的陪诊师")
    moved = expect(stage.api.request("GET", f"/orders/{order.id}", token=client), 200, "查看订单")
    require(datetime.fromisoformat(moved["starts_at"]) == other, "订单没有改到她说的时间")
    stage.story.note(f"{_spoken(order.placed['starts_at'])} → {_spoken(moved['starts_at'])}，价格不变")

    def endorsed() -> dict[str, Any] | None:
        answer = stage.api.request("GET", f"/orders/{order.id}/policy", token=client, quiet=True)
        return answer.body if answer.body["state"] == "endorsed" else None

    policy = stage.wait_for(endorsed, "保单没有批改")
    stage.story.note(f"保单批改 {len(policy['endorsements'])} 次，跟着时间和陪诊师走")
    demo_complaint.post(stage, f"{path}/accept", None, client)


# a claim -------------------------------------------------------------------------------------------------------------
def claim(stage: Stage, order: Order) -> None:
    """Shown, agreed to, taken up, decided and paid by an insurer that answers twice, wrongly and late."""
    case = ClaimCase(stage, order)
    stage.story.step("误号了，她报案：保险公司将看到的每一项她都先看到，同意的就是这些")
    case.draft("missed_appointment", 12_000)
    case.add_file("重新挂号的收费票据")
    bundle = case.client("GET", f"/claims/{case.claim_id}/evidence")
    for item in bundle["items"]:
        stage.story.note(f"{item['title']}，{_spoken(item['at'])}，{item['sha256'][:12]}…")
    case.submit()
    case.insurer_hears("submitted")
    stage.story.step("保险公司凭自己的密钥登录；受理发了两遍，得到同样的应答")
    first, again = case.insurer("acknowledge", fault="twice")
    require((first["status"], first) == (200, again), "同一请求发两遍，应答不一样")
    stage.story.note(f"同一 request_id：{codes([first, again])}")
    stage.story.step("裁定先超过限额，再正确，又用同一编号改口；付款迟到一秒")
    decided = codes(case.insurer("decide", amount_fen=9_000, fault="wrongly"))
    require([status for status, _ in decided] == [400, 200, 409], "错误的裁定没有被拒绝")
    stage.story.note("、".join(f"{status} {code}" for status, code in decided))
    case.insurer("pay", promised=True, fault="late", delay_s=1)
    case.wait_for_state("paid")
    paid = case.client("GET", f"/claims/{case.claim_id}")
    stage.story.note(f"{paid['state_title']} {yuan(paid['paid_fen'])}")
    stage.wait_for(lambda: demo_order.find_notice(stage, order, "claim_paid"), "她没有收到赔付通知")


def _spoken(instant: str | None) -> str:
    return f"{datetime.fromisoformat(instant):%m-%d %H:%M}" if instant else "没有"
