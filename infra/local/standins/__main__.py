"""Serve the three stand-ins until interrupted; see the package's docstring."""

import argparse
import signal
import threading
from pathlib import Path

from infra.local.standins.pay import Pace
from infra.local.standins.together import start


def main() -> None:
    parser = argparse.ArgumentParser(description="Stand-ins for WeChat, WeChat Pay and an insurer, on 127.0.0.1.")
    parser.add_argument("--wechat-port", type=int, default=9101)
    parser.add_argument("--pay-port", type=int, default=9102)
    parser.add_argument("--insurer-port", type=int, default=9103)
    parser.add_argument("--state-dir", type=Path, required=True)
    parser.add_argument("--retry-scale", type=float, default=1.0, help="notification retries wait this much of real")
    parser.add_argument("--refund-delay", type=float, default=1.0, help="seconds that a refund takes")
    options = parser.parse_args()
    running = start(
        options.state_dir,
        wechat_port=options.wechat_port,
        pay_port=options.pay_port,
        insurer_port=options.insurer_port,
        pace=Pace(retry_scale=options.retry_scale, refund_delay_s=options.refund_delay),
    )
    for name, server in running.items():
        print(f"{name} {server.url}", flush=True)
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    stopping.wait()
    for server in running.values():
        server.stop()


if __name__ == "__main__":
    main()
