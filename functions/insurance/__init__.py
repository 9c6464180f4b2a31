"""Insurance: what can be ticked when ordering, the policy of an order, and what insurers are told.

Promise   an insured order has exactly one policy from the moment it is paid (F36); its insurer is told by a signed
          message with the same id and bytes each time, at least once, in eight attempts over 27.6 hours (B13); nothing
          in it is about a person; only public https addresses are called, or those that the operator named.
Table     `insurance`:
          CONFIG              policy                 thresholds
          PRODUCTS            <product>              a product on offer
          ORDER#<order>       POLICY                 the order's policy, with the wording it was issued under
          ORDER#<order>       NEWS                   what was heard of an order before its policy; expires
          INSURER#<insurer>   ENDPOINT#<endpoint>    where the insurer is told; the signing secret encrypted
          DELIVERY#<id>       DELIVERY               one message to one endpoint with its attempts
Reads     `actions.find_default_product` and `find_product` (up to a minute old), `products`, `find_policy`.
Events    out: policy.issued, policy.endorsed, policy.surrendered, webhook.queued. In: order.paid, order.assigned,
          order.rescheduled, order.closed; its own, to tell insurers. Timers: retry_delivery, policy_expires.

WEBHOOK_ALLOWED_HOSTS names hosts (`host` or `host:port`, comma-separated) that may be private and without TLS.

Another companion or time is endorsed, an order without a visit surrendered with its premium, in whatever order the news
come (B14). Claims with their evidence (F36) and the insurers' own API will live here.
"""
