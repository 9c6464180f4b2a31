"""What the operator sees, and what the platform says about itself.

Promise   health, the OpenAPI document and its page are served without a login; later the dashboard (F30), projected
          from events alone, live and exact to the event. This room writes nowhere else.
Table     `operations`: projections by day, hour, city and package, each fed by events and rebuilt from them.
Events in everything that is counted: order.*, payment.*, refund.*, visit.*, complaint.*.
Events out none.
"""
