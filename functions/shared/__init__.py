"""What every room uses and that names no room.

`errors`   the family of problems a caller can be told about
`clock`    instants, China calendar days, RFC 3339 with +08:00
`ids`      sortable ids and ids derived from another object's id
`money`    integer fen, basis points, the one remainder rule
`workdays` working days and public holidays of mainland China
`audit`    who decided or looked at what, and why
`files`    uploads and downloads, straight to and from the bucket
`pictures` photos without where and when they were taken
`crypto`   field encryption with a data key per patient under KMS
`config`   the function's environment, read once, on first use
`aws`      botocore clients with deadlines, made where first needed
`table`    PynamoDB base row and attribute types
`tx`       one DynamoDB transaction per request or event: rows, outbox, exactly-once marker
`events`   event base, the envelope on the bus, timers
`consumer` a room's subscriptions and recurring work: each delivery takes effect once
`relay`    carries outbox rows to the bus and the scheduler
`endpoints` which addresses may be called from here
`webhooks` signed messages to them (Standard Webhooks)
`caller`   who is calling, with which roles
`tokens`   verifies access tokens against the published keys; the API's authorizer
`http`     routes declared once: parsing, roles, idempotency, problems, OpenAPI
`observe`  logger, metrics and correlation ids as middleware
"""
