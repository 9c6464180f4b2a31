"""Run in a fresh interpreter (`python -I -S -B`) with nothing but the package on the path: import, answer, report.

    python -I -S -B first_request.py PACKAGE_DIR HANDLER < event.json

Its last line is JSON: milliseconds for the import and for the first answer, and what that answer was. It imports only
what Lambda's own runtime has imported before it comes to the package.
"""

import json
import os
import sys
import time


class Context:
    """What Lambda hands over beside the event."""

    aws_request_id = "00000000-0000-4000-8000-000000000000"
    function_name = "zhenban-bench"
    memory_limit_in_mb = "512"
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:zhenban-bench"
    log_group_name = log_stream_name = "bench"

    def get_remaining_time_in_millis(self) -> int:
        return 10_000


def main() -> None:
    _, package, handler = sys.argv
    event = json.load(sys.stdin)
    begun = time.perf_counter()
    sys.path.insert(0, package)
    module, _, name = handler.rpartition(".")
    __import__(module)
    function = getattr(sys.modules[module], name)
    imported = time.perf_counter()
    answer = function(event, Context())
    done = time.perf_counter()
    status = answer.get("statusCode", 200) if isinstance(answer, dict) else 200
    report = {"import_ms": (imported - begun) * 1000, "request_ms": (done - imported) * 1000, "status": status}
    print(json.dumps(report), flush=True)
    os._exit(0)  # Lambda does not tear the process down after an answer, so neither is it timed here.


main()
