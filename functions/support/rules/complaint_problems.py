"""What is refused about complaints, in the words that people read (F17)."""

from functions.shared.errors import Conflict, Invalid, NotFound


class ComplaintNotFound(NotFound):
    """There is none, or it is not the caller's."""

    code = "complaint_not_found"
    title = "没有找到这条申诉"


class OrderNotFound(NotFound):
    """No order of this client that could be complained of."""

    code = "order_not_found"
    title = "没有找到可以申诉的订单"


class NotComplainable(Conflict):
    """The complaint window is over, or the visit is going on or has no companion yet."""

    code = "not_complainable"
    title = "现在不能申诉：已超过申诉期限，或陪诊正在进行、尚无陪诊师接单"


class ComplaintOpen(Conflict):
    """The same matter of the same order is being looked at."""

    code = "complaint_open"
    title = "该订单的同类申诉正在处理中"


class RemedyNotPossible(Invalid):
    """A visit that is over can neither be cancelled nor be done by another; one ahead is not paid back in part."""

    code = "remedy_not_possible"
    title = "陪诊已完成的只能申请退款；尚未开始的可以申请退单或更换陪诊师"


class IllegalStep(Conflict):
    """The complaint is not at the stage at which this can be done."""

    code = "complaint_stage"
    title = "申诉当前的阶段不能这样操作"


class AppealedAlready(Conflict):
    """The client appeals once."""

    code = "appealed_already"
    title = "每条申诉只能复议一次"


class OtherAgentDecides(Conflict):
    """An agent has taken it, or this one decided what is appealed against."""

    code = "other_agent_decides"
    title = "这条申诉由另一位客服处理"


class TooManyTaken(Conflict):
    """The agent holds as many as one person can look at."""

    code = "too_many_taken"
    title = "您手上的申诉已达上限，请先处理完再领取"


class NotTaken(Conflict):
    """Who decides takes the complaint first."""

    code = "complaint_not_taken"
    title = "请先领取这条申诉再处理"


class TimeNotNamed(Invalid):
    """Who else comes, comes at the visit's time or at one that the client named; other remedies have no time."""

    code = "time_not_named"
    title = "只有更换陪诊师可以另选时间，且须是客户提出的时间"


class RefundOutOfRange(Invalid):
    """More than the client paid, or nothing; or an amount with a rejection."""

    code = "refund_out_of_range"
    title = "退款金额须大于零且不超过订单金额；只有退款时才填写金额"
