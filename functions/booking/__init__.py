"""Catalogue, quotes, matching, orders, dispatch and itinerary.

Promise   a quote is itemised, immutable and honoured to the fen until it expires, for one order (F3, F4). An order
          holds its companion and slot while it is paid (B1); no two visits of one companion overlap, not even under
          a race (B2). The list of companions is ranked with its reasons, and an empty one says why (F1, F2). A paid
          order is offered to the chosen companion, then to the next best free one, and ends refundable when nobody
          is left (F19, B5). Once taken it has a timetable (F21), once paid a checklist (F7).
Table     `booking` (pk, sk):
          CONFIG                  policy | weights          thresholds; weights of matching
          CATALOGUE               package#<id> | special_request#<id> | process#<id> | checklist#<key>
          <quote_id>              quote                     the id's time part is the visit's start
          <order_id>              order                     by_client, and by_companion once somebody took it
          <order_id>              checklist | itinerary     copies, as the client was told
          OFFERS#<companion_id>   <offer_id>                the id is the order's with the turn's number
          DAY#<companion_id>      <China day>               the bookings of that day; its version decides races
          CANDIDATE#<hospital>#<department>  <companion_id> who may be matched there
          COMPANION#<id>          companion                 the same companion, whole
          PATIENT#<patient_id>    key                       the wrapped key of that patient's order notes
Reads     `actions.find_order`, `actions.require_party`.
Seeding   `actions.put_package`, `put_special_request`, `put_process_template`, `put_checklist`, `put_policy`,
          `put_weights`; companions come by event and serve 90 departments at most.
Events in companion.activated, payment.succeeded, visit.progressed, report.submitted;
          timers hold_expires, offer_expires, visit_reminder.
Events out order.placed, order.paid, order.paid_too_late, order.closed, order.assigned, order.visit_reminder,
          order.completed, offer.made.
"""
