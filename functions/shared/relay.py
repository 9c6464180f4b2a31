"""Carries outbox rows from the table's stream to the bus and to the scheduler.

Called with a batch of stream records; reports the ones that failed so that only they, and what follows them in their
shard, are sent again. Sending twice is harmless: consumers know the event's id, a schedule has one name.
"""

import json
from datetime import datetime, timedelta
from typing import Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError
from chalice.app import Blueprint

from functions.shared import aws, clock, observe
from functions.shared.config import config
from functions.shared.events import Timer

bp = Blueprint("app")
_BATCH = 10
_TO_NEXT_SECOND = timedelta(microseconds=999_999)
"""Schedules know whole seconds; a deadline must not come early."""
_SOONEST = timedelta(seconds=2)
"""A one-off schedule in the past is refused, so a deadline that has passed is set just ahead."""


@bp.lambda_function(name="relay")
def relay(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """The stream's consumer (ReportBatchItemFailures)."""
    rows = [(record["dynamodb"]["SequenceNumber"], _plain(record)) for record in event["Records"] if _is_new(record)]
    failed: list[str] = []
    publish = [(number, row) for number, row in rows if row["name"] != "timer"]
    for start in range(0, len(publish), _BATCH):
        failed += _put_events(publish[start : start + _BATCH])
    failed += [number for number, row in rows if row["name"] == "timer" and not _create_schedule(row)]
    for _, row in rows:
        occurred_at = datetime.fromisoformat(row["occurred_at"])
        observe.measure_ms("OutboxLagMs", max(0.0, (clock.now() - occurred_at).total_seconds() * 1000))
    if failed:
        observe.count("OutboxFailed", len(failed))
    return {"batchItemFailures": [{"itemIdentifier": number} for number in sorted(failed)]}


def _is_new(record: dict[str, Any]) -> bool:
    return bool(record["eventName"] == "INSERT")


def _plain(record: dict[str, Any]) -> dict[str, str]:
    return {name: next(iter(value.values())) for name, value in record["dynamodb"]["NewImage"].items()}


def _put_events(batch: list[tuple[str, dict[str, str]]]) -> list[str]:
    entries = [
        {
            "EventBusName": config().bus_name,
            "Source": f"zhenban.{row['room']}",
            "DetailType": row["name"],
            "Detail": json.dumps(
                {
                    "id": row["pk"],
                    "occurred_at": row["occurred_at"],
                    "correlation_id": row["correlation_id"],
                    "data": json.loads(row["payload"]),
                },
                ensure_ascii=False,
            ),
        }
        for _, row in batch
    ]
    try:
        results = aws.client("events").put_events(Entries=entries)["Entries"]
    except (BotoCoreError, ClientError):
        observe.logger().exception("bus unavailable")
        return [number for number, _ in batch]
    return [number for (number, _), result in zip(batch, results, strict=True) if result.get("ErrorCode")]


def _create_schedule(row: dict[str, str]) -> bool:
    timer = msgspec.json.decode(row["payload"], type=Timer)
    due_at = max(timer.due_at, clock.now() + _SOONEST)
    target: dict[str, Any] = {
        "Arn": f"{config().events_function_arn_prefix}{timer.room}_events",
        "RoleArn": config().scheduler_role_arn,
        "Input": row["payload"],
        "RetryPolicy": {"MaximumRetryAttempts": 20, "MaximumEventAgeInSeconds": 86_400},
    }
    if config().scheduler_dlq_arn:
        target["DeadLetterConfig"] = {"Arn": config().scheduler_dlq_arn}
    scheduler = aws.client("scheduler")
    try:
        scheduler.create_schedule(
            Name=timer.id,
            GroupName=f"zhenban-{config().stage}",
            ScheduleExpression=f"at({due_at + _TO_NEXT_SECOND:%Y-%m-%dT%H:%M:%S})",
            FlexibleTimeWindow={"Mode": "OFF"},
            ActionAfterCompletion="DELETE",
            Target=target,
        )
    except scheduler.exceptions.ConflictException:
        return True
    except (BotoCoreError, ClientError):
        observe.logger().exception("scheduler unavailable", extra={"timer": timer.id})
        return False
    return True
