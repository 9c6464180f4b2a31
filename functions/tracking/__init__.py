"""The visit: milestones, check-ins, the companion's position, the conversation, calls, the live channel.

Promise   an assigned order has exactly one visit, `visit_id = ids.derived("vis", order_id)`. Its milestones are
          recorded or skipped in the template's order, each once, each with the phone's and our time and its author:
          the companion, staff who say why, or the system, which ends a visit that was forgotten. A skip has its reason,
          a correction shows what it corrected; every change has a number and is told and replayed by it (F10).
          Presence is proven by a geofence in which the reading's accuracy counts, a photo, or both; a phone's wrong
          clock is corrected and flagged; attempts are kept as evidence, and staff may vouch with a reason (F22).
          Exact positions are sealed with the patient's key, each second once, and expire after 90 days unless somebody
          holds the evidence; only staff who give a reason are answered with them, and the client sees who was. They
          are in no event or log. Others see one H3 cell of about 0.7 km² at most once a minute, only while the visit
          runs; which, depends on the cells that readings lie in and on nothing finer (F9). A
          guest's pass is asked of `accounts` at each read, subscription and push (F11).
          A step that wants a photo is not done without an uploaded one, nor is what comes after it (F8); a picture that
          served another order is flagged, and staff who look at photos leave an audit row.
          An emergency call (F34) is taken in any state of the visit, with one read and one write of this room: 120
          comes first, then who has and has not been reached. Another press joins the open call. All are told by
          event, each channel for itself. Position and the condition that the patient agreed to share are sealed.
          A visit that runs has one video call at most (F13): rung by companion or client, joined with credentials
          minted for each party alone (Tencent TRTC, or WeChat's own rooms), missed when nobody answers.
          A visit has one conversation (F12). What is written is seen by others after the content check, under a number
          that grows by one for everybody; sent again it is the same message; one person's own order is kept. Texts are
          sealed; what is recalled or refused stays as evidence, which staff open with a reason.
          Who came reports who did not; a waiting clock decides what check-ins prove, people decide the rest (B4).
          Overtime costs what the order's frozen rate says and is approved by the client, one by one or in advance up to
          a cap; what the companion laid out is approved receipt by receipt (B9). Settlement collects the money.
Table     `tracking`; the key layout stands in `table`.
Routes    GET /visits/{visit_id}, …/position, …/photos, …/check-ins; POST …/check-ins, …/check-ins/{code}/override,
          …/milestones, …/milestones/{code}/skip, …/milestones/{code}/corrections, …/uploads, …/positions;
          …/messages, …/conversation, …/read-mark, …/entries, …/held-messages, /message-queue: `api.chat`;
          POST, GET …/emergency-calls, …/calls; POST …/calls/{call_id}/join, …/leave; …/no-shows: `api.no_shows`;
          …/overtime, …/overtime-authorization, …/expenses: `api.extras`; …/trail-accesses, …/evidence-holds:
          `api.trails`.
Events in guest_access.revoked, order.assigned, order.unassigned, order.rescheduled, order.closed, report.submitted;
          emergency.desk_contacted, emergency.desk_moved, emergency.unanswered, emergency.notices_written,
          notice.answered, content.checked (of its messages), claim.moved, complaint.filed, complaint.closed;
          its own visit.scheduled, visit.message_*, visit.messages_read, emergency.called, visit.call_*,
          visit.progressed, visit.amended, visit.closed and visit.position_changed, to push them.
Timers    message_check (two minutes for the content check); no_show_clock; visit_lapses, six hours after
          the planned end of a visit that arrived.
Events out visit.scheduled, visit.progressed, visit.amended, visit.closed, visit.unfinished, visit.position_changed,
          visit.photo_reused, emergency.called, visit.call_ended, visit.no_show_reported, visit.no_show_contested,
          visit.no_show, visit.overtime_{asked,approved,declined}, visit.expense_{asked,approved,declined};
          visit.message_{written,unseen}; the other visit.message_*, visit.messages_read, visit.call_changed and
          visit.evidence_changed to itself.
Reads for others  `actions.find_visit(visit_id) -> VisitCard`; `find_emergency_evidence` for the hospital's desk.
          `actions.claim_evidence.facts_of` for insurance claims. Complaints and claims hold evidence until they end.

States    scheduled → departed → arrived → in_progress → ended → reported; cancelled; no_show_client, no_show_companion.

The live channel (`live`, a WebSocket opened with `?token=<access token>`):
    {"action":"subscribe","visit_id":…,"after_sequence":n}  → visit.subscribed, what came after n, the position
    {"action":"unsubscribe","visit_id"?:…}                  → visit.unsubscribed
    {"action":"subscribe_desk"}                             → emergency_desk.subscribed (a hospital's token)
    {"action":"ping"}                                       → pong
    {"action":"renew","token":…}                            → session.renewed{expires_at}
    pushed: visit.progressed{visit_id, sequence, state, change, milestone, reason, reason_title},
    visit.access_ended{visit_id}, visit.position{visit_id, cell, lat, lng, observed_at}, emergency.changed{visit_id,
    call_id, state, reached, version};
    session.expired{visit_id} (the token ran out: renew, subscribe again),
    message.published{visit_id, entry}, message.held{visit_id, message_id, state}, message.read{visit_id, party,
    party_id, sequence}, call.ringing, call.changed{visit_id, call}; to a desk emergency.called{call_id, details};
    error{code, title} for what cannot be done.
A message may come twice and, rarely, out of order: the receiver keeps the highest `sequence` and asks again with it.
"""
