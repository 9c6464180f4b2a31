"""The `support` table.

| pk               | sk                           | kind               | what                                          |
|------------------|------------------------------|--------------------|-----------------------------------------------|
| `<review_id>`    | `REVIEW`                     | review             | an order to review, then its review          |
| `<review_id>`    | `COOPERATION`                | cooperation        | the companion gave the client a mark          |
| `<review_id>`    | `REPORT#<account>`           | review_report      | somebody found that it should not stand       |
| `COMPANION#<id>` | `RATING`                     | companion_rating   | exact sums over the published reviews         |
| `COMPANION#<id>` | `REVIEW#<time>#<review>`     | published_review   | a published review in the public list         |
| `CLIENT#<id>`    | `COOPERATION#<time>#<order>` | client_cooperation | the companion's mark, for staff alone         |
| `QUEUE#reviews`  | `<since>#<review>`           | waiting_review     | a review that staff should look at            |
| `<complaint_id>` | `COMPLAINT`                  | complaint          | a complaint: stage, words, facts, decision    |
| `ORDER#<id>`     | `OPEN#<category>`            | open_complaint     | the one open complaint of this matter         |
| `ORDER#<id>`     | `COMPLAINT#<complaint>`      | order_complaint    | a complaint in the order's list               |
| `<decision_id>`  | `DECISION`                   | complaint_decision | whose decision it is                          |
| `AGENTS`         | `<agent>`                    | complaint_agent    | an agent's desk: on duty, holding which       |
| `QUEUE#complaints` | `<due>#<complaint>`        | queued_complaint   | a complaint that an agent should decide       |
| `COMPANION#<id>` | `RECTIFICATION#<rct>`        | rectification      | a rectification: notice, answer, inspection   |
| `COMPANION#<id>` | `CLOSED#<time>#<complaint>`  | closed_complaint   | how a complaint of the companion ended        |
| `NOTICE#<code>`  | `NOTICE`                     | rectification_notice | whose notice bears the code                 |
| `QUEUE#rectifications` | `<due>#<rct>`          | re_inspection | a rectification to be inspected         |
| `CLIENT#<id>`    | `COMPLAINTS`                 | client_standing    | rejected complaints and the flag, for staff   |
| `CONFIG`         | `policy`                     | support_policy     | thresholds                                    |

`review_id = ids.derived("rev", order_id)`.
"""
