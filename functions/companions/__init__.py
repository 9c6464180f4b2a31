"""Companions: who they are, what they are qualified for, and whether they may work.

Promise   a client sees a companion's profile only while the companion is active, and on it only credentials that
          staff have verified and that have not expired (F23); no phone number, no document number. Nobody becomes a
          companion without every required credential verified and a call that confirmed what was submitted (F27).
          When a required credential's last day is over, its companion is suspended until another one is verified.
          What a companion is good at is said with the application and changed by staff; matching hears of it (F1).
          Tiers follow rules that are data, one step at a time, and every change says why.
          Companions read only what staff published in the handbook, and each article names its source (F24).
Table     `companions`; a companion's id is the account id of that person. Numbers and phones are sealed under it.
          COMPANION#<id>              PROFILE, APPLICANT, RECORD, CREDENTIAL#<id>, TIER#<id>
          <application id>            APPLICATION
          CERTIFICATE#<sha256>        USE       one file, one companion
          QUEUE#<queue>#<shard>       <since>#<subject>   what waits for staff
          ROSTER#<shard>              <companion id>      whom the night reviews
          ROSTER_REVIEW#<shard>       PROGRESS
          HANDBOOK…                   see `table.handbook`
          CONFIG                      policy, tier_rules
Reads     `actions.find_profile` (any state; up to a minute old), `actions.find_active_profile`.
Events    out: companion.activated, companion.suspended, companion.credential_expiring, companion.tier_changed,
          application.decided. In: order.completed, order.unassigned, visit.no_show.
Timers    credential_check: a credential's next warning, or the end of its last day.
Nightly   tier_review, 2:00 to 6:00 in China: pages of the roster, resumed where the last run stopped.
"""
