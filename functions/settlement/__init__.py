"""Money: payments, refunds, the ledger, companions' income and its payout, reconciliation, reports, e-invoices.

Promise   the client's money is booked exactly once, whatever the provider repeats, loses or reorders; a payment that
          contradicts our order is set aside, never applied; money for an order that has ended goes back in full, once;
          a completed order's price becomes share, commission and premium to the fen; every transaction and the whole
          ledger sum to zero at every moment (F25, F32, B10). Overtime and expenses are paid by
          supplementary payments (`sup01_…`), divided as they arrive (B9). A transfer is never sent under a second
          number, so nothing is paid twice, and what does not arrive is available again (F26, B11). Once the operator
          decides so, payouts keep income tax back, never more than the rule asks of what really arrived (B12). What the
          provider's bill says and our books do not is set aside until somebody explains it; a refund makes its order's
          invoice red.
Table     `settlement`:
          CONFIG                    policy                     thresholds
          ORDER#<order>             PAYMENT#<payment>          the payment (its id is the number at the provider)
                                    REFUND#<refund>            a refund (its id is the number at the provider)
                                    MONEY                      insurer, companion, premium, refunds of the order
                                    MONEY#<payment>            the same of a supplementary payment
                                    SUPPLEMENT#<item>          overtime or an expense that the client approved
                                    INVOICE#<invoice>          an e-invoice, its title sealed
                                    LTX#<event>#<business id>  a ledger transaction: immutable, once per event
          BOOKS#<subject>           LTX#…                      the same about a withdrawal, a manual booking, a bill
          JOURNAL#<day>#<nn>        <instant>#<transaction>    what was booked that China day
          ACCOUNT#<account>         BALANCE                    signed balance of an account with an owner
                                    LINE#<instant>#<event>#…   its statement
          ACCOUNT#<account>#<nn>    the same for one sixteenth of an account of the platform or an insurer
          TOTALS#<nn>               TOTALS#<month>             one sixteenth of a month's totals per account code
          COMPANION#<companion>     INCOME#<instant>#<order>   the income of an order
          OVERDUE#<month>           <item>#<order>             approved and unpaid for too long
          PROPOSALS#<month>         <proposal>                 what one person wants and a second one decides
          PROOF#<day>               PART#<nn>                  the night's proof of the ledger
          NOTIFICATION#<id>         NOTIFICATION               a provider's notification that was dealt with (90 days)
          Sixteenths are chosen by the order's id, so no booking of the platform waits for another order's. Withdrawals,
          plans, tax, reconciliations, reports and invoices: `table/{payouts,tax,reconciliation,reports,invoices}`.
Reads     `actions.find_payment`, `refunds_of`, `earnings_of`, `order_ledger`, `account_statement`, `trial_balance`.
Events    out: payment.succeeded, payment.mismatched, refund.requested, refund.succeeded, refund_order.carried_out,
          refund_order.rejected, income.released,
          invoice.issued, invoice.reversed, invoice.refused, supplement.paid, supplement.overdue.
          In: visit.overtime_approved, visit.expense_approved,
          order.closed, order.paid_too_late, order.completed, policy.issued, refund.requested (its own),
          complaint.filed, complaint.decided, complaint.closed.
          Timers: check_payment, check_refund, supplement_due, release_income, pay_page,
          pay_transfer, pursue_invoice, reconcile_day …
          Every night the ledger is proven and yesterday reported; every working day payouts are planned; every day the
          provider's bill is compared.

A notification that contradicts our record quarantines the payment and is answered with 200, because repeating it
cannot change anything. From then on nothing confirms the order: when its hold ends the provider is queried, and money
that is ours after all is booked and returned in full; other money goes to suspense. A notification for a payment that
we never placed is answered with 404, so that the provider repeats it until somebody has looked.

`python -m functions.settlement.ledger_check` proves the ledger over the whole table.
"""
