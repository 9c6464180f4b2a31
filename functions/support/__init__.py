"""Reviews, complaints and the remedy (三退): cancel, refund, reassign.

Promise   a review is written once per completed order, within its window, and seen by others only after the content
          check or a member of staff let it through; what counts in a rating is exactly what is published, whatever
          happens at once (F16). A companion's mark for a client is seen by staff alone.
          To come: a complaint runs through a Step Functions workflow with a deadline and a next actor at every stage
          (F17); a companion above the complaint rate is suspended and rectified to the end (F31).
Table     `support`; the key layout stands in `table`.
Routes    POST, PUT, GET /orders/{order_id}/review; POST …/cooperation; GET /companions/{companion_id}/reviews;
          /reviews/{review_id}, …/answer, …/reports, …/decision; GET /review-queue, /clients/{client_id}/cooperation.
Events in order.completed, content.checked. Timers: review_check.
Events out review.written, review.published, review.answered, review.refused, companion.rated.
Reads for others  `actions.find_words(review_id, part=…, revision=…)`, for the content check.
"""
