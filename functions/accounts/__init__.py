"""Accounts: who people and institutions are, what they consented to, and what we tell them.

Promise   one account per WeChat user, whichever of two first sign-ins comes first. Access tokens are ES256 and live
          15 minutes; refresh tokens rotate, are stored only as hashes, and the return of an old one ends the session.
          A refresh token rotated up to 10 seconds ago is answered with the same successor, for the first answer may
          have been lost. Staff sign in with a password (locked after five wrong ones), hospitals and insurers with a
          signed assertion that works once, family members with a link that the client can revoke (F11). A patient's
          name, phone and identity number are encrypted under a key of that patient's own and only shown masked;
          consents are only ever added (B15). A notice is neither lost nor doubled; its WeChat message is sent at most
          once, and only while the user's consent for one is unspent.
Table     `accounts`:
          ACCOUNT#<id>          ACCOUNT               a person: roles, openid
          ACCOUNT#<id>          WECHAT                the session key of the latest WeChat sign-in, sealed
          ACCOUNT#<id>          SESSION#<sid>         a session with the hash of its present refresh token
          ACCOUNT#<id>          ROTATED#<sid>#<hash>  a refresh token that was rotated away
          OPENID#<openid>       OPENID                the account of a WeChat user
          LOGIN#<user name>     LOGIN                 a staff password
          LOGIN#<user name>     FAILURES              wrong passwords in a row, also for names that do not exist
          INSTITUTION#<id>      INSTITUTION           a hospital or insurer and its public key
          INSTITUTION#<id>      SPENT#<jti>           an assertion that was used
          CLIENT#<id>           PATIENT#<id>          a patient
          CLIENT#<id>           CONSENT#<patient>#<id>  a consent
          CLIENT#<id>           EMERGENCY#<patient>   what a desk may be shown in an emergency, if agreed to
          CLIENT#<id>           PATIENTS              how many patients
          ORDER#<order>         GUEST#<id>            a guest access
          ORDER#<order>         GUESTS                how many were ever granted
          GUEST#<id>, SCENE#<hash>  POINTER           where that guest access is
          GUEST#<id>            DEVICE#<hash>         a device that opened it, and when it was last noted
          GUEST#<id>            VIEW#<ulid>           somebody looked
          NOTICES#<account>     <notice id>           a notice; `unread` after the last one counts the unread
          PUSH#<notice id>      PUSH                  the one attempt to send its WeChat message
          CREDITS#<account>     TEMPLATE#<id>         unspent consents to subscribe messages
          TEMPLATES             <code>                a notice's text
          WECHAT                TOKEN#<app id>        the mini program's access token, shared by all functions
          CONFIG                policy                the thresholds
Reads     `actions.find_patient_card`, `actions.require_guest`, `actions.openid_of`,
          `actions.find_emergency_summary` (for emergency calls alone), `actions.sign_voip`.
Events    out: guest_access.revoked; notice.written (to this room itself, which sends the WeChat message);
          emergency.notices_written, notice.answered (whom an emergency call reached, F34).
          in: companion.activated, order.paid, order.assigned, order.closed, order.completed, order.visit_reminder,
          offer.made, visit.progressed, report.submitted, report.overdue, report.missing, policy.issued,
          income.released, refund.succeeded, complaint.written, complaint.answer_asked, complaint.decided,
          complaint.overdue, complaint.closed, rectification.issued, .extended, .overdue, .closed, claim.moved,
          webhook.endpoint_disabled, emergency.called, emergency.unanswered, emergency.desk_moved.

Institutions as tenants (B16), access log, export and deletion (B15) and moderation (B17) will live here.
"""
