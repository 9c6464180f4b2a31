"""`python -m benchmarks [--quick] [--rounds N] [--only NAME,…] [--no-gate]`: see the package's docstring."""

import argparse
import json
import os
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

ENVIRONMENT = {
    "STAGE": "bench",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "bench",
    "AWS_SECRET_ACCESS_KEY": "bench",
    "AWS_EC2_METADATA_DISABLED": "true",
    "LOG_LEVEL": "ERROR",
    "POWERTOOLS_METRICS_DISABLED": "true",
    "POWERTOOLS_LOG_DEDUPLICATION_DISABLED": "true",
}
"""Set before anything of the product is imported."""
RESULT = Path(__file__).parents[1] / "dist" / "bench.json"
KERNELS = ("assignment", "matching", "settlement", "live", "visit_cost", "remedy_cost")
"""Modules here that measure one piece of the product by itself."""
PLAYS = {"quick": 2, "full": 3}
"""The first fills what a process keeps, the last is counted, all but the first are timed."""
WARM_ROUNDS = {"quick": 15, "full": 61}


def main() -> int:
    """Measure, print, write; 1 if an exact limit is not kept, 2 if something could not be measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="What the product costs, how fast it is.")
    parser.add_argument("--quick", action="store_true", help="in process only: no cold starts, no package")
    parser.add_argument("--rounds", type=int, default=9, help="fresh processes per capability and package (at least 7)")
    parser.add_argument(
        "--only", default="", help=f"only these of {', '.join(KERNELS)}, or cold starts of these functions only"
    )
    parser.add_argument("--no-gate", action="store_true", help="exit with 0 whatever the limits say")
    options = parser.parse_args()
    os.environ.pop("CAPABILITY", None)
    os.environ.update(ENVIRONMENT)

    from benchmarks import limits, report
    from benchmarks.cold import ColdStartFailed
    from benchmarks.packages import NoPackage
    from benchmarks.town import Unexpected

    verdicts: list[limits.Verdict] = []
    only = set(filter(None, options.only.split(",")))
    kernels = [name for name in KERNELS if not only or name in only]
    try:
        document: dict[str, Any] = {}
        # The kernels leave a large heap behind, which would slow down what is measured in process after them.
        if not only & set(KERNELS):
            document |= _in_process(options.quick, verdicts)
            if not options.quick:
                document |= _from_packages(max(7, options.rounds), only, verdicts)
        document |= _kernels(kernels, options.quick, verdicts)
    except (Unexpected, NoPackage, ColdStartFailed) as error:
        print(f"cannot be measured: {error}", file=sys.stderr)
        return 2
    print(report.limits_table(verdicts))
    document["limits"] = {
        verdict.name: {"limit": verdict.limit, "found": round(verdict.found, 3), "holds": verdict.holds}
        for verdict in verdicts
    }
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(document, ensure_ascii=False))
    missed = any(verdict.is_exact and not verdict.holds for verdict in verdicts)
    return 1 if missed and not options.no_gate else 0


def _kernels(names: list[str], quick: bool, verdicts: list[Any]) -> dict[str, Any]:
    """What is measured by itself: `measure` a module's numbers, `text` them for people, hold them to its `verdicts`."""
    document = {}
    for name in names:
        module = import_module(f"benchmarks.{name}")
        document[name] = found = module.measure(quick=quick)
        verdicts += module.verdicts(found)
        print(f"\n{module.text(found)}", flush=True)
    return document


def _in_process(quick: bool, verdicts: list[Any]) -> dict[str, Any]:
    from benchmarks import limits, report, warm
    from benchmarks.cost import order_cost
    from benchmarks.endpoints import endpoints_of
    from benchmarks.order import measured_order

    pace = "quick" if quick else "full"
    measured = warm.measure(WARM_ROUNDS[pace])
    effect, validated = measured.ratio, measured.validated
    verdicts.append(limits.Verdict("warm_ratio", limits.WARM_OF_BARE, effect.value, is_exact=False))
    print(f"\nWarm POST with an effect, of a bare handler: {effect}; without an effect: {validated}")
    played, warmer = measured_order(PLAYS[pace])
    endpoints = endpoints_of(played.acts)
    verdicts += limits.of_endpoints(endpoints)
    cost = order_cost(played, warmer)
    print(report.endpoints_table(endpoints))
    print(report.cost_table(cost))
    return {
        "warm_ratio": effect.as_json() | {"validated_only": validated.as_json(), "bare_us": round(measured.bare_us, 1)},
        "endpoints": {name: endpoint.as_json() for name, endpoint in endpoints.items()},
        "order_cost": cost,
    }


def _from_packages(rounds: int, only: set[str], verdicts: list[Any]) -> dict[str, Any]:
    from benchmarks import cold, fake_aws, first_events, limits, packages, report

    ours, plain = packages.ours(), packages.plain()
    tokens = first_events.Tokens()
    events = [event for event in first_events.first_events(tokens) if not only or event.capability in only]
    starts: list[cold.ColdStart] = []
    with tempfile.TemporaryDirectory() as folder, fake_aws.serving(tokens.settings) as aws:
        for name in ("ours", "plain", "bare"):
            (Path(folder) / name).mkdir()
        found = cold.measure(
            events,
            ours=packages.unzip(ours, Path(folder) / "ours"),
            plain=packages.unzip(plain, Path(folder) / "plain"),
            bare=Path(folder) / "bare",
            aws=aws,
            rounds=rounds,
        )
        for start in found:
            print(f"… {start.capability}: {start.of_plain} of plain", flush=True)
            starts.append(start)
            verdicts.append(
                limits.Verdict(f"cold {start.capability}", limits.COLD_OF_PLAIN, start.of_plain.value, is_exact=False)
            )
    zip_mb = packages.zip_mb(ours)
    verdicts.append(limits.Verdict("zip_mb", limits.ZIP_MB, zip_mb, is_exact=True))
    print(report.cold_table(starts))
    print(f"\nPackage: {zip_mb:.1f} MB zipped; plain chalice package: {packages.zip_mb(plain):.1f} MB")
    return {
        "cold_start_ratio": {start.capability: start.as_json() for start in starts},
        "rounds": rounds,
        "zip_mb": round(zip_mb, 2),
        "plain_zip_mb": round(packages.zip_mb(plain), 2),
    }


if __name__ == "__main__":
    sys.exit(main())
