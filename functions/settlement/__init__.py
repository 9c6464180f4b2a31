"""Money: payments, refunds, the ledger, the companions' income.

Promise   the client's money is booked exactly once, whatever the provider repeats, loses or reorders; a payment that
          contradicts our order is set aside, never applied; money for an order that has ended goes back in full, once;
          a completed order's price becomes share, commission and premium to the fen; every transaction and the whole
          ledger sum to zero at every moment (F25, F32, B10).
Table     `settlement`:
          CONFIG                    policy                     thresholds
          ORDER#<order>             PAYMENT#<payment>          the payment (its id is the number at the provider)
                                    REFUND#<refund>            a refund (its id is the number at the provider)
                                    MONEY                      insurer, companion and premium of the order
                                    LTX#<event>#<business id>  a ledger transaction: immutable, once per event
          ACCOUNT#<account>         BALANCE                    signed balance of an account with an owner
                                    LINE#<instant>#<event>#…   its statement
          ACCOUNT#<account>#<nn>    the same for one sixteenth of an account of the platform or an insurer
          TOTALS#<nn>               TOTALS                     one sixteenth of the totals per account code
          COMPANION#<companion>     INCOME#<order>             the income of an order
          NOTIFICATION#<id>         NOTIFICATION               a provider's notification that was dealt with (90 days)
          Sixteenths are chosen by the order's id, so no booking of the platform waits for another order's.
Reads     `actions.find_payment`, `refunds_of`, `earnings_of`, `order_ledger`, `statement`, `trial_balance`.
Events    out: payment.succeeded, payment.mismatched, refund.requested, refund.succeeded, income.released.
          In: order.closed, order.paid_too_late, order.completed, policy.issued, refund.requested (its own).
          Timers: check_payment, check_refund, release_income.

A notification that contradicts our record quarantines the payment and is answered with 200, because repeating it
cannot change anything. From then on nothing confirms the order: when its hold ends the provider is queried, and money
that is ours after all is booked and returned in full; other money goes to suspense. A notification for a payment that
we never placed is answered with 404, so that the provider repeats it until somebody has looked.

`python -m functions.settlement.ledger_check` proves the ledger over the whole table.

Withdrawals and payouts (F26, B11), clawback, coupons, tax (B12), reconciliation and invoices (F32) will live here.
"""
