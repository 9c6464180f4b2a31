"""For each room that listens: its bus rule, its schedules, its dead-letter queue, and who may call and fill them.

A room's `<room>_events` function is called by the bus and by the scheduler, both asynchronously: Lambda retries twice,
then the event goes to the room's queue, where a person looks and redrives it.
"""

import json
from collections.abc import Mapping
from typing import Any

from functions.shared.consumer import Where
from infra.synth.functions import Resources, logical_id
from infra.synth.project import Project

_RETRY = {"MaximumRetryAttempts": 20, "MaximumEventAgeInSeconds": 3600}
_QUEUE_DAYS = 14


def bus_resources(project: Project) -> Resources:
    """Rules, queues and permissions of all rooms that have an events function."""
    resources: Resources = {}
    for room, wanted in project.subscriptions.items():
        name = logical_id(room)
        resources[f"{name}Dlq"] = dead_letter_queue(f"{room}-events")
        resources[f"{name}DlqPolicy"] = _fillable_by_the_bus(f"{name}Dlq")
        resources[f"{name}EventsRetry"] = {
            "Type": "AWS::Lambda::EventInvokeConfig",
            "Properties": {
                "FunctionName": {"Ref": f"{name}Events"},
                "Qualifier": "$LATEST",
                "MaximumRetryAttempts": 2,
                "MaximumEventAgeInSeconds": 3600,
                "DestinationConfig": {"OnFailure": {"Destination": {"Fn::GetAtt": [f"{name}Dlq", "Arn"]}}},
            },
        }
        if wanted:
            resources[f"{name}Rule"] = _rule(name, event_pattern(wanted))
            resources[f"{name}RulePermission"] = {
                "Type": "AWS::Lambda::Permission",
                "Properties": {
                    "FunctionName": {"Ref": f"{name}Events"},
                    "Action": "lambda:InvokeFunction",
                    "Principal": "events.amazonaws.com",
                    "SourceArn": {"Fn::GetAtt": [f"{name}Rule", "Arn"]},
                },
            }
        for kind, cron in project.schedules[room].items():
            resources[f"{name}{logical_id(kind)}Schedule"] = _schedule(room, kind, cron)
    return resources


def _schedule(room: str, kind: str, cron: str) -> dict[str, Any]:
    function = (
        f"arn:${{AWS::Partition}}:lambda:${{AWS::Region}}:${{AWS::AccountId}}:function:zhenban-${{Stage}}-{room}_events"
    )
    return {
        "Type": "AWS::Scheduler::Schedule",
        "Properties": {
            "Name": kind,
            "GroupName": {"Ref": "TimerGroup"},
            "ScheduleExpression": cron,
            "ScheduleExpressionTimezone": "Asia/Shanghai",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {
                "Arn": {"Fn::Sub": function},
                "RoleArn": {"Fn::GetAtt": ["TimerRole", "Arn"]},
                "Input": json.dumps({"recurring": kind, "scheduled_at": "<aws.scheduler.scheduled-time>"}),
                "RetryPolicy": {"MaximumRetryAttempts": 5, "MaximumEventAgeInSeconds": 3600},
                "DeadLetterConfig": {"Arn": {"Fn::GetAtt": ["TimerDlq", "Arn"]}},
            },
        },
    }


def dead_letter_queue(name: str) -> dict[str, Any]:
    """An encrypted queue that keeps what failed for 14 days."""
    return {
        "Type": "AWS::SQS::Queue",
        "Properties": {
            "QueueName": {"Fn::Sub": f"zhenban-${{Stage}}-{name}-dlq"},
            "MessageRetentionPeriod": _QUEUE_DAYS * 86_400,
            "SqsManagedSseEnabled": True,
        },
    }


def event_pattern(wanted: Mapping[str, list[Where]]) -> dict[str, Any]:
    """The events that a room wants, each with its conditions if it has some."""
    whole = sorted(name for name, conditions in wanted.items() if not conditions)
    patterns: list[dict[str, Any]] = [{"detail-type": whole}] if whole else []
    for name, conditions in sorted(wanted.items()):
        for where in conditions:
            data = {field: list(values) for field, values in sorted(where.items())}
            patterns.append({"detail-type": [name], "detail": {"data": data}})
    return patterns[0] if len(patterns) == 1 else {"$or": patterns}


def _rule(name: str, pattern: dict[str, Any]) -> dict[str, Any]:
    return {
        "Type": "AWS::Events::Rule",
        "Properties": {
            "EventBusName": {"Ref": "Bus"},
            "EventPattern": pattern,
            "Targets": [
                {
                    "Id": "room",
                    "Arn": {"Fn::GetAtt": [f"{name}Events", "Arn"]},
                    "RetryPolicy": _RETRY,
                    "DeadLetterConfig": {"Arn": {"Fn::GetAtt": [f"{name}Dlq", "Arn"]}},
                }
            ],
        },
    }


def _fillable_by_the_bus(queue: str) -> dict[str, Any]:
    return {
        "Type": "AWS::SQS::QueuePolicy",
        "Properties": {
            "Queues": [{"Ref": queue}],
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "events.amazonaws.com"},
                        "Action": "sqs:SendMessage",
                        "Resource": {"Fn::GetAtt": [queue, "Arn"]},
                        "Condition": {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}},
                    }
                ],
            },
        },
    }
