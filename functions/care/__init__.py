"""After the visit: reports; later health records (F18), care plans and reminders (F38). Strictest access of all rooms.

Promise   the visit's companion submits one report within the hour after the end (F14): the doctor's advice as it was
          said, medicines, the next visit. It relays and never diagnoses, and says so. What it says is sealed with a
          data key of the patient and leaves this room only to the client, the companion, guests with `report`, and
          staff who give a reason, which is written down before they read. A report that is missing when the hour runs
          out is announced; one that comes later is accepted and marked late. A day later the order goes on without it,
          so that its client may complain and its money is not held for ever.
Table     `care`; the key layout stands in `table`.
Routes    POST, GET /visits/{visit_id}/report.
Events in visit.progressed (its last one starts the hour).
Timers    report_due, an hour after the visit's end; report_missing, a day later.
Events out report.submitted, report.overdue, report.missing.
"""
