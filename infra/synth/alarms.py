"""Two alarms that every function and every queue gets; the product's own are in observability.yaml."""

from typing import Any

from infra.synth.functions import Resources, logical_id
from infra.synth.project import Project


def alarm_resources(project: Project) -> Resources:
    """A function that fails or is throttled; a dead-letter queue with anything in it."""
    resources: Resources = {}
    for spec in project.functions:
        name = logical_id(spec.name)
        resources[f"{name}Alarm"] = _function_alarm(spec.name, {"Ref": name})
    queues = {f"{room}-events": f"{logical_id(room)}Dlq" for room in project.subscriptions}
    for label, queue in {**queues, "relay": "RelayDlq", "timer": "TimerDlq"}.items():
        resources[f"{queue}Alarm"] = _queue_alarm(label, {"Fn::GetAtt": [queue, "QueueName"]})
    return resources


def _function_alarm(label: str, function: Any) -> dict[str, Any]:
    def metric(identifier: str, name: str) -> dict[str, Any]:
        dimensions = [{"Name": "FunctionName", "Value": function}]
        return {
            "Id": identifier,
            "ReturnData": False,
            "MetricStat": {
                "Metric": {"Namespace": "AWS/Lambda", "MetricName": name, "Dimensions": dimensions},
                "Period": 60,
                "Stat": "Sum",
            },
        }

    return _alarm(
        f"{label}-fails",
        {
            "AlarmDescription": f"{label} raised an error or was throttled; see its log and docs/deploy.md",
            "Metrics": [
                metric("errors", "Errors"),
                metric("throttles", "Throttles"),
                {"Id": "troubles", "Expression": "errors + throttles", "ReturnData": True},
            ],
        },
    )


def _queue_alarm(label: str, queue_name: Any) -> dict[str, Any]:
    return _alarm(
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


def _alarm(name: str, watched: dict[str, Any]) -> dict[str, Any]:
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
