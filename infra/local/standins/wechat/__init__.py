"""A stand-in for the WeChat mini program's server API. Like the real one it answers HTTP 200 with an `errcode`.

The API:

    GET  /sns/jscode2session?appid&secret&js_code&grant_type    POST /cgi-bin/stable_token
    POST /wxa/business/getuserphonenumber                       POST /cgi-bin/message/subscribe/send
    POST /wxa/msg_sec_check (version 2)                         POST /wxa/getwxacodeunlimit
    POST /wxa/media_check_async (version 2), its verdict by message push in the safe mode

The control, all JSON:

    POST /_control/login-codes    {"openid"?, "nickname"?, "unionid"?} -> {"code", "openid"}; once, within 5 minutes
    POST /_control/phone-codes    {"phone", "country_code"?} -> {"code"}; once, within 5 minutes
    POST /_control/templates      {"template_id", "title", "keys": ["thing1", "time2"]}; a template not registered
                                  takes any keys
    POST /_control/subscriptions  {"openid", "template_id", "count"?} -> {"credits"}; the user accepts `count` messages
    POST /_control/push-url       {"url"}; where messages are pushed
    POST /_control/media-verdicts {"suggest": "pass" | "review" | "risky"}; what the next picture or voice is
    GET  /_control/media-checks   {"checks": [{"trace_id", "openid", "suggest"}]}
    POST /_control/expire-tokens  {"as"?: 40001 | 42001}; the access tokens given out so far are refused so
    POST /_control/misbehave      {"path", "errcode"? | "http_status"?, "delay_s"?, "times"?}; `path` such as
                                  /sns/jscode2session, or "*"
    POST /_control/behave         {} forgets the misbehaviour
    GET  /_control/messages?openid=…   {"messages": [{"openid", "template_id", "title", "page", "data", "at"}]},
                                  newest first
"""

from infra.local.standins.wechat.app import create_app

__all__ = ["create_app"]
