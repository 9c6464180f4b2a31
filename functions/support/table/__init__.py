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
| `CONFIG`         | `policy`                     | support_policy     | thresholds                                    |

`review_id = ids.derived("rev", order_id)`.
"""
