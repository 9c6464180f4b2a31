"""A Lambda function, its role and its log group for every entry of `app.MODULES`."""

from collections.abc import Mapping
from typing import Any

from infra.synth.project import FunctionSpec, Project

Resources = dict[str, Any]

LOG_RETENTION_DAYS = 30
_FUNCTION_ARN = "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:"
_EVERYWHERE: Mapping[str, Any] = {
    "STAGE": {"Ref": "Stage"},
    "BUS_NAME": {"Ref": "Bus"},
    "KMS_KEY_ID": {"Fn::GetAtt": ["DataKey", "Arn"]},
    "FILES_BUCKET": {"Ref": "FilesBucket"},
    "LOG_LEVEL": {"Ref": "LogLevel"},
    "POWERTOOLS_LOG_DEDUPLICATION_DISABLED": "true",
}
_LIVE_ENDPOINT = {
    "Fn::If": [
        "HasLiveEndpoint",
        {"Ref": "LiveEndpoint"},
        {"Fn::Sub": "https://${LiveApi}.execute-api.${AWS::Region}.${AWS::URLSuffix}/live"},
    ]
}
_ONLY: Mapping[str, Mapping[str, Any]] = {
    "relay": {
        "SCHEDULER_ROLE_ARN": {"Fn::GetAtt": ["TimerRole", "Arn"]},
        "SCHEDULER_DLQ_ARN": {"Fn::GetAtt": ["TimerDlq", "Arn"]},
        "EVENTS_FUNCTION_ARN_PREFIX": {"Fn::Sub": _FUNCTION_ARN + "zhenban-${Stage}-"},
    },
    "hospitals_events": {"WEBHOOK_ALLOWED_HOSTS": {"Ref": "WebhookAllowedHosts"}},
    "insurance_events": {"WEBHOOK_ALLOWED_HOSTS": {"Ref": "WebhookAllowedHosts"}},
    "support_events": {
        "COMPLAINT_WORKFLOW_ARN": {
            # By its name, because the workflow itself is made after the functions that it calls.
            "Fn::Sub": "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}"
            ":stateMachine:zhenban-${Stage}-complaint"
        }
    },
    "live": {"LIVE_ENDPOINT": _LIVE_ENDPOINT},
    "tracking_events": {"LIVE_ENDPOINT": _LIVE_ENDPOINT},
}
"""What only one function may need to know."""


def logical_id(name: str) -> str:
    """`BookingEvents` for `booking_events`, as Chalice names it too."""
    return "".join(part.capitalize() for part in name.split("_"))


def function_resources(project: Project) -> Resources:
    """All functions with what belongs to each."""
    resources: Resources = {}
    for spec in project.functions:
        name = logical_id(spec.name)
        resources[name] = _function(spec, project.runtime)
        resources[f"{name}Role"] = _role(spec, project.policies[spec.name])
        resources[f"{name}Logs"] = {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {
                "LogGroupName": {"Fn::Sub": f"/aws/lambda/zhenban-${{Stage}}-{spec.name}"},
                "RetentionInDays": LOG_RETENTION_DAYS,
            },
        }
    return resources


def _function(spec: FunctionSpec, runtime: str) -> dict[str, Any]:
    name = logical_id(spec.name)
    return {
        "Type": "AWS::Lambda::Function",
        "DependsOn": [f"{name}Logs"],
        "Properties": {
            "FunctionName": {"Fn::Sub": f"zhenban-${{Stage}}-{spec.name}"},
            "Runtime": runtime,
            "Architectures": [spec.architecture],
            "Handler": spec.handler,
            "Code": {"S3Bucket": {"Ref": "CodeBucket"}, "S3Key": {"Ref": "CodeKey"}},
            "Role": {"Fn::GetAtt": [f"{name}Role", "Arn"]},
            "MemorySize": spec.memory_mb,
            "Timeout": spec.timeout_s,
            "TracingConfig": {"Mode": "Active"},
            "Environment": {"Variables": {"CAPABILITY": spec.name, **_EVERYWHERE, **_ONLY.get(spec.name, {})}},
        },
    }


def _role(spec: FunctionSpec, statements: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": assumable_by("lambda"),
            "Policies": [
                {
                    "PolicyName": spec.name.replace("_", "-"),
                    "PolicyDocument": {
                        "Version": "2012-10-17",
                        "Statement": [*substituted(statements), *_basics(spec.name)],
                    },
                }
            ],
        },
    }


def _basics(name: str) -> list[dict[str, Any]]:
    """What every function may: write its own log, report its own traces (which know no narrower resource)."""
    log_groups = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group"
    return [
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": {"Fn::Sub": f"{log_groups}:/aws/lambda/zhenban-${{Stage}}-{name}:*"},
        },
        {
            "Effect": "Allow",
            "Action": ["xray:PutTraceSegments", "xray:PutTelemetryRecords"],
            "Resource": "*",
        },
    ]


def assumable_by(service: str) -> dict[str, Any]:
    """The trust policy of a role that only `service` may assume."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }


def substituted(value: Any) -> Any:
    """Every text with a `${…}` in it as `Fn::Sub`, so that the policies are plain IAM documents with placeholders."""
    if isinstance(value, str):
        return {"Fn::Sub": value} if "${" in value else value
    if isinstance(value, list):
        return [substituted(item) for item in value]
    if isinstance(value, dict):
        return {key: substituted(item) for key, item in value.items()}
    return value
