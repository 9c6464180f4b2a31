"""A stand-in for an insurer: it takes our webhooks (https://www.standardwebhooks.com/) and settles claims by our API.

What it serves:

    POST /webhooks            200 {"received": true, "duplicate": bool} | 401 if the signature or its time does not
                              hold | 400 if the content is not a JSON object

The control of what it takes, all JSON:

    POST /_control/misbehave  {"status"?, "delay_s"?, "times"?}: the next `times` (1) deliveries are answered so,
                              without being looked at
    POST /_control/behave     {} forgets that
    GET  /_control/events     {"events": [{"id", "type", "data", "received_at", "deliveries"}]}, newest first

The claims desk. It knows a claim once `claim.moved` has told of it (404 until then), signs in to our API as `ins_demo`
with the key that the seed made, looks at the claim, and says its part under a `request_id` of its own:

    GET  /_control/claims                        {"claims": [{"claim_id", "state", "step", "payable_fen", …, "acts"}]},
                                                 newest first, with everything that was done about each
    GET  /_control/claims/<claim_id>             what our API shows the insurer of it now, as an answer (see below)
    POST /_control/claims/<claim_id>/acknowledge       {}
    POST /_control/claims/<claim_id>/request-evidence  {"wanted"?}
    POST /_control/claims/<claim_id>/decide            {"decision"? (approve | reject), "amount_fen"?, "reason"?};
                                                       without an amount all that the policy pays is approved
    POST /_control/claims/<claim_id>/pay               {"amount_fen"?, "reference"?}; without an amount the approved one

An act answers {"request_id", "act", "fault", "is_done", "answers": [{"request", "sent", "status", "body", "error"}]}
and more: each request that was sent and what our API said to it. `status` is null where it said nothing; `error` then
says why. An act may go wrong on purpose, by "fault":

    late      done after "delay_s" (5) seconds, across a restart too; the act is answered with 202 before
    twice     the same request is sent twice
    wrongly   first a request that must be refused (400: a number too short, no words, more than the policy pays,
              another amount than was approved), then the right one, then another under the right one's number (409)
"""

from infra.local.standins.insurer.acts import Fault
from infra.local.standins.insurer.app import create_app
from infra.local.standins.insurer.desk import Desk
from infra.local.standins.insurer.inbox import Inbox
from infra.local.standins.insurer.zhenban import Zhenban

__all__ = ["Desk", "Fault", "Inbox", "Zhenban", "create_app"]
