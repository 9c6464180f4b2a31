"""Reviews, complaints and the remedy (三退): cancel, refund, reassign.

Promise   a review is written once per completed order, within its window, and seen by others only after the content
          check or a member of staff let it through; what counts in a rating is exactly what is published, whatever
          happens at once (F16). A companion's mark for a client is seen by staff alone.
          A complaint of a completed visit has a deadline and a next actor at every stage; it is decided by rule where
          the records are certain and uncontested, else by an agent; what is decided is paid once (F17).
          To come: the remedies of a visit that is still ahead; a companion above the complaint rate is suspended and
          rectified to the end (F31).
Table     `support`; the key layout stands in `table`.
Routes    POST, PUT, GET /orders/{order_id}/review; POST …/cooperation; GET /companions/{companion_id}/reviews;
          /reviews/{review_id}, …/answer, …/reports, …/decision; GET /review-queue, /clients/{client_id}/cooperation;
          POST /orders/{order_id}/complaint-uploads, POST and GET …/complaints; GET /complaints/{complaint_id},
          …/evidence/{file_id}, /complaint-queue; POST /complaints/{complaint_id}/answer, …/take, …/decision,
          …/accept, …/appeal.
Events in order.completed, content.checked, complaint.filed, refund_order.carried_out, refund_order.rejected.
          Timers: review_check, complaint_due.
Events out review.written, review.published, review.answered, review.refused, companion.rated; complaint.filed,
          .written, .answer_asked, .decided, .closed.
Reads for others  `actions.find_words(review_id, part=…, revision=…)`, and
          `actions.complaints.find_complaint_words(complaint_id, part=…)`, for the content check.
"""
