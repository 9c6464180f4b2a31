"""The rules of accounts, pure: one module per topic.

`policy`    the room's thresholds
`identity`  what a name, phone or identity number must be; how they are masked; age
`consents`  what a patient's record needs before it may exist
`sessions`  refresh tokens and their reuse, sign-in locks, passwords, client assertions
`guests`    guest access to one order
`notices`   texts from templates
"""
