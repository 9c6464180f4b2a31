"""Reviews, complaints and the remedy (三退): cancel, refund, reassign.

Promise   a review is written once per completed order and moderated before anyone sees it (F16); a complaint runs
          through the Step Functions workflow `complaint`, with a deadline and a next actor at every stage (F17); a
          companion above the complaint rate is suspended and rectified to the end (F31).
Table     `support`: reviews, complaints with their evidence, rectification notices, queues.
Events in order.completed, report.submitted, visit.progressed, refund.succeeded.
Events out review.published, complaint.filed, complaint.decided, companion.suspended.

It has no routes yet: they come with the remedy workflow.
"""
