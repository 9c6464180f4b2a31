"""A stand-in for WeChat Pay API v3 in public-key mode.

The API, with requests proven and answers signed as the real ones are:

    POST /v3/pay/transactions/jsapi | /native
    GET  /v3/pay/transactions/out-trade-no/{out_trade_no}?mchid=…
    POST /v3/pay/transactions/out-trade-no/{out_trade_no}/close
    POST /v3/refund/domestic/refunds
    GET  /v3/refund/domestic/refunds/{out_refund_no}

The control, all JSON:

    POST /_control/pay        one of {"out_trade_no"}, {"prepay_id"}, or what wx.requestPayment gets
                              {"appId", "timeStamp", "nonceStr", "package", "signType", "paySign"};
                              with "openid" to say who pays
                              -> {"out_trade_no", "transaction_id", "trade_state", "success_time"}
    POST /_control/misbehave  {"out_trade_no": …} or {"next": true}, and any of
        answers:       "operation" (prepay, query, close, refund, query_refund), "answers" (how many, 1),
                       "fail_status", "after_commit" (fail only after the work was done),
                       "drop_answer_after_commit", "answer_delay_s",
                       "answer_flaw" (forged, signtest, unknown_serial, stale, no_signature_type)
        notifications: "notify_times" (0 loses it), "delay_s", "wrong_amount_fen", "refund_status" (ABNORMAL, CLOSED),
                       and "forge_signature", "signtest", "unknown_serial", "stale", "no_signature_type": true,
                       each of which sends one such copy before the genuine one
    POST /_control/behave     {} forgets all of that
    GET  /_control/state      {"orders": […], "refunds": […], "notifications": […]}, oldest first
"""

from infra.local.standins.pay.app import create_app
from infra.local.standins.pay.desk import Desk, Pace

__all__ = ["Desk", "Pace", "create_app"]
