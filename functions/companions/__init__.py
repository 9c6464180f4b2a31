"""Companions: who they are, what they are qualified for, and whether they may work.

Promise   a client sees a companion's profile only while the companion is active, and on it only credentials that
          staff have verified and that have not expired (F23); no phone number, no document number. A companion passes
          applied → certified → active → suspended and back; certified needs every required credential verified.
Table     `companions`:
          COMPANION#<id>    PROFILE      the profile with its credentials and record
          A companion's id is the account id of that person.
Reads     `actions.find_profile` (any state; up to a minute old), `actions.find_active_profile`.
Events    out: companion.activated. In: none.

Applications and staff review with tiers (F27), credential expiry (F23) and the handbook (F24) will live here.
"""
