"""Insurance: what can be ticked when ordering, the policy of an order, its claims, and what insurers are told.

Promise   an insured order has exactly one policy from the moment it is paid (F36); another companion or time is
          endorsed, an order without a visit surrendered with its premium, in whatever order the news come (B14).
          A client drafts a claim for one loss and sees exactly what the insurer will see: the visit's times, steps and
          check-ins, the messages and documents that the client picked, each with its hash; submitting takes the digest
          of just that. A rejection is appealed once. What a claim rests on is not deleted before it is over.
          An insurer is told by a signed message with the same id and bytes each time, at least once, in eight attempts
          over 27.6 hours; nothing in it is about a person; only public https addresses are called, or those that the
          operator named. It signs in with a key of its own, sees its own claims alone, and asks under numbers of its
          own: asked twice is answered twice and done once. It looks after its endpoints itself: secrets change without
          a gap, messages are numbered, logged and sent again with the same id and bytes; an endpoint that took nothing
          for five days is disabled and told of (B13).
Table     `insurance`:
          CONFIG                     policy                 thresholds
          PRODUCTS                   <product>              a product on offer
          ORDER#<order>              POLICY                 the order's policy, with the terms it was issued under
          ORDER#<order>              NEWS                   what was heard of an order before its policy; expires
          ORDER#<order>              CLAIM#<peril>          which claim the order has for a loss
          CLAIM#<claim>              CLAIM                  a claim; story, shown evidence and reasons sealed
          CLAIMS#<insurer>#<month>   <claim>                what an insurer was given in a month
          ASKED#<insurer>#<request>  ASKED                  what an insurer asked, and the answer
          INSURER#<insurer>          ENDPOINT#<endpoint>    where the insurer is told; the signing secret encrypted
          DELIVERY#<id>              DELIVERY               one message to one endpoint with its attempts
          DELIVERIES#<endpoint>      <time>#<number>        the endpoint's log
Reads     `actions.find_default_product` and `find_product` (up to a minute old), `products`, `find_policy`.
Events    out: policy.issued, policy.endorsed, policy.surrendered, claim.moved, webhook.*. In: order.paid,
          order.assigned, order.rescheduled, order.closed; its own, to tell insurers.
          Timers: retry_delivery, policy_expires.

WEBHOOK_ALLOWED_HOSTS names hosts (`host` or `host:port`, comma-separated) that may be private and without TLS.
"""
