"""The workflows: a state machine, its role and its alarm for every `infra/workflows/<name>.asl.json`.

A definition names the functions it calls as `${SupportEvents.Arn}`; which those are, and so what its role may call, is
read out of it.
"""

import json
import re
from typing import Any

from infra.synth.alarms import alarm
from infra.synth.functions import Resources, assumable_by
from infra.synth.project import Project

_CALLED = re.compile(r"\$\{(\w+)\.Arn\}")


def workflow_resources(project: Project) -> Resources:
    """All workflows with what belongs to each."""
    resources: Resources = {}
    for name, definition in project.workflows.items():
        logical = f"{name.capitalize()}Workflow"
        text = json.dumps(definition, ensure_ascii=False)
        resources[logical] = {
            "Type": "AWS::StepFunctions::StateMachine",
            "Properties": {
                "StateMachineName": {"Fn::Sub": f"zhenban-${{Stage}}-{name}"},
                "StateMachineType": "STANDARD",
                "DefinitionString": {"Fn::Sub": text},
                "RoleArn": {"Fn::GetAtt": [f"{logical}Role", "Arn"]},
                "TracingConfiguration": {"Enabled": True},
            },
        }
        resources[f"{logical}Role"] = _role(name, sorted(set(_CALLED.findall(text))))
        resources[f"{logical}FailedAlarm"] = alarm(
            f"{name}-workflow-fails",
            {
                "AlarmDescription": f"{name}: a workflow ended in an error; see its history, mend, redrive",
                "Namespace": "AWS/States",
                "MetricName": "ExecutionsFailed",
                "Dimensions": [{"Name": "StateMachineArn", "Value": {"Ref": logical}}],
                "Period": 60,
                "Statistic": "Sum",
            },
        )
    return resources


def _role(name: str, functions: list[str]) -> dict[str, Any]:
    calls = [{"Fn::GetAtt": [function, "Arn"]} for function in functions]
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": assumable_by("states"),
            "Policies": [
                {
                    "PolicyName": f"{name}-workflow",
                    "PolicyDocument": {
                        "Version": "2012-10-17",
                        "Statement": [
                            {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": calls},
                            {
                                "Effect": "Allow",
                                "Action": ["xray:PutTraceSegments", "xray:PutTelemetryRecords"],
                                "Resource": "*",
                            },
                        ],
                    },
                }
            ],
        },
    }
