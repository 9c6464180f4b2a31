"""Starts ministack (1.5.33) with two of its habits changed. Runs in ministack's own virtual environment.

- It looks for due schedules every ten seconds; a person who watches an order being played should not wait ten seconds
  for each of its timers, so here it looks every second.
- It keeps how far each stream was read but not the stream itself: after a restart it would skip as many new records as
  were read before. Here every stream starts anew with the process.
"""

from ministack.app import main  # type: ignore[import-not-found]
from ministack.services import lambda_svc, scheduler  # type: ignore[import-not-found]

scheduler._SCHEDULE_TICK_INTERVAL = 1
lambda_svc._restore_esm_positions = lambda store, positions: None
main()
