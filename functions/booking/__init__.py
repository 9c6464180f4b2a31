"""Catalogue, quotes, matching, orders, dispatch and itinerary.

Promise   a quote is itemised, immutable and honoured to the fen until it expires, for one order (F3, F4). An order
          holds its companion and slot while it is paid (B1); no two visits of one companion overlap, not even under
          a race (B2), and none is placed outside the hours that they said. The list of companions is ranked with its
          reasons, and an empty one says why (F1, F2); who is good at what the visit is about goes up, and nobody
          is left out for it (F1). Favourites come first, and two of whom one has blocked the other are not brought
          together (B7). A paid order is offered to the chosen companion, then to the next best free one, and ends
          refundable when nobody is left (F19, B5): one by one, in rounds that are solved together, or in the grab
          hall, where exactly one gets it (F20), by rules for city and hour that staff change. Once taken it has a
          timetable (F21), once paid a checklist (F7).
          A subsidy's budget is never overspent and a coupon never used twice: both are held with the order, spent
          with its payment and given back when it ends without a visit (F5, F6).
          A paid order's checklist is its own copy, ticked off by its client and seen by family and companion; client
          and companion are reminded the evening before and at seven on the day, never of a visit that moved (F7).
          A ticket that was asked to be picked up is a step with a photo (F8).
          What cancelling costs is quoted first and done exactly so, by the terms that were frozen with the price; a
          visit moves with its companion and at its price, or not at all (B3). To whom somebody did not come is paid
          by the same terms (B4). A companion who cancels or does not
          confirm a day ahead is replaced at once (B5, B6). Every date of a series is an order of its own (B8).
Table     `booking` (pk, sk):
          CONFIG                  policy | weights | preparation   thresholds; weights of matching; reminders
          CONFIG                  dispatch                  which way a companion is looked for, by city and hour
          CHECKLIST#<hospital>    * | <department>          what stands in place of the department's template
          CATALOGUE               checklist#<key> | index   the index names the shelves
          SHELF#<scope>           catalogue                 in effect or to come: of all, a tier, city, hospital
          VERSIONS#<kind>#<item>  <version_id>              drafts and every version that ever was published (F29)
          <quote_id>              quote                     the id's time part is the visit's start
          <order_id>              order                     by_client, and by_companion once somebody took it
          <order_id>              checklist | itinerary     copies, as the client was told
          OFFERS#<companion_id>   <offer_id>                the id is the order's with the turn's number
          OPEN_ORDERS#<city>#<shard>  <order_id>            waits for the city's next round
          HALL#<city>#<hospital>  <start>|<order_id>        in the grab hall, with what may be told of it
          DAY#<companion_id>      <China day>               its bookings and its own hours; its version decides races
          CANDIDATE#<hospital>#<department>[#<language>]  <1000 - standing>#<companion_id>   who may be matched there
          COMPANION#<id>          companion | availability  the same companion, whole; what they said of their time
          COMPANION#<id>          index                     where their candidate entries stand
          CLIENT#<client_id>      relations                 favourites, blocks, who accompanied whom
          PATIENT#<patient_id>    key                       the wrapped key of that patient's order notes
          CANCELLATION_TERMS      <city> | *                every version of a city's terms
          <series_id>             series                    its dates, each with its order or why there is none
          SUBSIDY_PROGRAMMES      <programme_id>            terms; SUBSIDY_BUDGET#<programme>#<shard> its money
          SUBSIDY_YEAR#<programme>#<patient>  <year>        used in a year, for caps by year
          <application_id>        application               with evidence and decisions; waiting ones also stand in
          SUBSIDY_QUEUE#<shard>   <application_id>          the staff's queue, in a few partitions
          COUPON_CAMPAIGNS        <campaign_id>             terms; COUPON_STOCK#<campaign>#<shard> how many are left
          WALLET#<client_id>      coupon#<coupon_id>        the id's time part is the coupon's end
          WALLET#<client_id>      grant#<programme>#<patient> | application#<id> | applying#… | claims#<campaign>
Reads     `actions.find_order`, `actions.require_party`.
Seeding   `actions.put_package`, `put_special_request`, `put_process_template`, `put_checklist`, `put_policy`,
          `put_weights`; `dispatch_rules.put_dispatch_policy`, `subsidies.put_programme`, `coupons.put_campaign`;
          companions come by event and serve 90 departments at most.
Events in companion.activated, companion.suspended, companion.complained_of, payment.succeeded, visit.progressed,
          visit.no_show, report.submitted, report.missing; of the complaint's workflow the steps complaint.cancel_order
          and complaint.reassign_order;
          timers hold_expires, offer_expires, dispatch_round, dispatch_sweep, hall_closes, visit_reminder,
          visit_morning, companion_confirmation, series_payment_due, newcomer_turn, replace_companion.
Events out order.placed, order.paid, order.paid_too_late, order.closed, order.assigned, order.visit_reminder,
          order.rescheduled, order.unassigned, order.remedied, order.confirmation_asked, order.payment_due,
          order.completed, subsidy.decided, coupon.granted, offer.made.
"""
