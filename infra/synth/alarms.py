"""Two alarms that every function and every queue gets; the product's own are in observability.yaml."""

from typing import Any

from infra.synth.functions import Resources, logical_id
from infra.synth.project import Project

_FUNCTION_TROUBLES = {"Errors": "fails", "Throttles": "is-throttled"}


def alarm_resources(project: Project) -> Resources:
    """A function that raises or is throttled; a dead-letter queue with anything in it."""
    resources: Resources = {}
    for spec in project.functions:
        name = logical_id(spec.name)
        for metric, what in _FUNCTION_TROUBLES.items():
            resources[f"{name}{metric}Alarm"] = _function_alarm(spec.name, {"Ref": name}, metric, what)
    queues = {f"{room}-events": f"{logical_id(room)}Dlq" for room in project.subscriptions}
    for label, queue in {**queues, "relay": "RelayDlq", "timer": "TimerDlq"}.items():
        resources[f"{queue}Alarm"] = _queue_alarm(label, {"Fn::GetAtt": [queue, "QueueName"]})
    return resources


def _function_alarm(label: str, function: Any, metric: str, what: str) -> dict[str, Any]:
    return alarm(
        f"{label}-{what}",
        {
            "AlarmDescription": f"{label} {what.replace('-', ' ')}; see its log",
            "Namespace": "AWS/Lambda",
            "MetricName": metric,
            "Dimensions": [{"Name": "FunctionName", "Value": function}],
            "Period": 60,
            "Statistic": "Sum",
        },
    )


def _queue_alarm(label: str, queue_name: Any) -> dict[str, Any]:
    return alarm(
        f"{label}-dead-letters",
        {
            "AlarmDescription": f"{label}: something was given up on; look at the queue, mend, redrive",
            "Namespace": "AWS/SQS",
            "MetricName": "ApproximateNumberOfMessagesVisible",
            "Dimensions": [{"Name": "QueueName", "Value": queue_name}],
            "Period": 60,
            "Statistic": "Maximum",
        },
    )


def alarm(name: str, watched: dict[str, Any]) -> dict[str, Any]:
    """An alarm that rings as soon as what is watched is more than nothing."""
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmName": {"Fn::Sub": f"zhenban-${{Stage}}-{name}"},
            **watched,
            "EvaluationPeriods": 1,
            "Threshold": 0,
            "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": "notBreaching",
            "AlarmActions": [{"Ref": "AlarmTopic"}],
        },
    }
