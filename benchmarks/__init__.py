"""What the product costs and how fast it is, measured against itself: `make bench`, or

    python -m benchmarks            # everything; packages first if the code has changed
    python -m benchmarks --quick    # in process only, some minutes: round trips, units, warm ratio, US$ of an order
    python -m benchmarks --only assignment   # one of the kernels by itself

It prints tables, then one JSON object on the last line, and writes the same object to `dist/bench.json`. The exit
status is 1 when a limit in `limits` is not kept, unless `--no-gate` is given.

    capacity       DynamoDB's published rules for item sizes and request units; pure
    metered_calls  what one store call costs by those rules
    meter          counts calls and our own time, by act: a request, an event for one room, a timer
    town           the product in one process on moto, seeded, with the stand-ins of `infra.local`
    order          plays one order in it, from signing in to the companion's income
    endpoints      round trips and units per endpoint
    cost           units, events, timers and Lambda time of that order in US$ by the dated table in `prices`
    warm           one validated POST in process against a bare JSON handler
    cold           first request of a fresh process, against a bare handler and against plain `chalice package`
    first_events   what each function is called with first; `first_request` is that process
    assignment     a dispatch round's assignment: its share of the certified optimum, its seconds
    live           one change of a visit told to 1,000 sockets: reads, posts, what the writer pays for them (nothing)
    visit_cost     a visit of two hours, 3 watchers, 240 positions, 60 messages: calls, units, US$
    remedy_cost    a claim that is paid, a complaint that ends with a part refund: calls, units, US$
    matching       a page of companions among up to 100,000: calls, units, our time; its kernel against a scan
    settlement     an order's money, a payout run and a day's bill: `order_money`, `payouts`, `reconciliation`
    order_money    postings, round trips and units from an order's payment to the companion's income
    payouts        a payout run of up to 100,000 withdrawals: time for each, calls, peak memory
    reconciliation a bill of up to a million lines: lines per second, peak memory
    packages       the package as it is deployed, and the plain one that it is compared with
    fake_aws       a loopback server that answers the few AWS calls of a first request
    fresh, loading a process of its own and its peak memory; many rows into the store
    limits         what must hold, in one table
    stats, report  ratios of medians with intervals; the tables that are printed

Times are only ever compared within one run, interleaved, as ratios of medians with a bootstrap interval: a shared
machine changes its mind about absolute times. Round trips and units are exact and repeatable; a test holds them.
"""
