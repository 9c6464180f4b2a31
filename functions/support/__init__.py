"""Reviews, complaints and the remedy (三退): cancel, refund, reassign.

Promise   a review is written once per completed order, within its window, and seen by others only after the content
          check or a member of staff let it through; what counts in a rating is exactly what is published, whatever
          happens at once (F16). A companion's mark for a client is seen by staff alone.
          A complaint has a deadline and a next actor at every stage; it is decided by rule where the records are
          certain and uncontested, else by an agent, to whom it is given by load; what is decided is done once, however
          often its workflow is begun anew. A visit that is over is refunded, one ahead cancelled or given to somebody
          else (F17). A companion of whom clients complain too often has a notice that anybody can check, and is
          inspected by an agent who decided none of it. Clients whose complaints are rejected again and again are
          flagged for staff (F31, F28).
Table     `support`; the key layout stands in `table`.
Workflow  infra/workflows/complaint.asl.json; its steps of this room are `complaint.*` in `triggers`.
Routes    POST, PUT, GET /orders/{order_id}/review; POST …/cooperation; GET /companions/{companion_id}/reviews;
          /reviews/{review_id}, …/answer, …/reports, …/decision; GET /review-queue, /clients/{client_id}/cooperation,
          …/complaint-standing; POST /clients/{client_id}/complaint-flag, …/lift;
          POST /orders/{order_id}/complaint-uploads, POST and GET …/complaints; GET /complaints/{complaint_id},
          …/evidence/{file_id}, /complaint-queue, /complaint-desk; POST /complaint-desk/duty;
          POST /complaints/{complaint_id}/answer, …/take, …/decision, …/accept, …/appeal;
          GET /rectifications, /re-inspection-queue, /rectification-notices/{code} (anybody);
          /companions/{companion_id}/rectifications/{rectification_id}, …/training, …/uploads, …/answer,
          …/re-inspection.
Events in order.completed, order.remedied, content.checked, refund_order.carried_out, refund_order.rejected,
          companion.complained_of; its own complaint.filed and .moved, to walk.
          Timers: review_check, complaint_watch, rectification_due.
Events out review.written, review.published, review.answered, review.refused, companion.rated; complaint.filed,
          .written, .answer_asked, .moved, .decided, .closed; rectification.issued, .extended, .closed.
Reads for others  `actions.find_words(review_id, part=…, revision=…)`, and
          `actions.complaints.find_complaint_words(complaint_id, part=…)`, for the content check.
"""
