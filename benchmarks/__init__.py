"""What the product costs and how fast it is, measured against itself: `make bench`, or

    python -m benchmarks            # everything; needs dist/local/deployment.zip (`make package`)
    python -m benchmarks --quick    # in process only, seconds: round trips, units, warm ratio, US$ of an order

It prints tables, then one JSON object on the last line, and writes the same object to `dist/bench.json`. The exit
status is 1 when a limit in `limits` is not kept, unless `--no-gate` is given.

    capacity   DynamoDB's published rules for item sizes and request units; pure
    meter      counts store calls at PynamoDB's seam and turns them into units
    ledger     what was counted, by act: a request, an event for one room, a timer
    order      plays one order in process on moto, with the stand-ins of `infra.local`
    cost       units, events, timers and Lambda time of that order in US$ by the dated table in `prices`
    warm       one validated POST in process against a bare JSON handler
    cold       first request of a fresh process, against a bare handler and against plain `chalice package`
    packages   the unzipped package, and the plain one that it is compared with
    fake_aws   a loopback server that answers the few AWS calls of a first request
    limits     what must hold, in one table

Times are only ever compared within one run, interleaved, as ratios of medians with a bootstrap interval: a shared
machine changes its mind about absolute times. Round trips and units are exact and repeatable; a test holds them.
"""
