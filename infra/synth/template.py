"""The template, put together from its parts."""

import json
from typing import Any

from infra.synth.alarms import alarm_resources
from infra.synth.api import api_resources
from infra.synth.bus import bus_resources
from infra.synth.functions import function_resources
from infra.synth.project import Project, SynthError
from infra.synth.workflows import workflow_resources

Template = dict[str, Any]

_SECTIONS = ("Parameters", "Conditions", "Resources", "Outputs")


def build(project: Project) -> Template:
    """Parameters, conditions, resources and outputs of one stage, in an order that does not change between runs."""
    generated: Template = {
        "Parameters": {
            "Stage": {
                "Type": "String",
                "Default": project.stage,
                "AllowedValues": [project.stage],
                "Description": "The template is made for one stage; packaging another makes another template.",
            }
        },
        "Resources": {
            **function_resources(project),
            **api_resources(project),
            **bus_resources(project),
            **alarm_resources(project),
            **workflow_resources(project),
        },
        "Outputs": {
            "ApiId": {"Value": {"Ref": "RestApi"}},
            "ApiUrl": {
                "Value": {
                    "Fn::Sub": f"https://${{RestApi}}.execute-api.${{AWS::Region}}.${{AWS::URLSuffix}}/{project.api_stage}"
                }
            },
        },
    }
    template: Template = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"Zhenban ({project.stage}): one package, one API, one function per capability",
    }
    for section in _SECTIONS:
        template[section] = _merged(section, [*project.fragments, generated])
    _write_dashboards(template["Resources"])
    return template


def _merged(section: str, parts: list[Template]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for part in parts:
        for name, value in part.get(section, {}).items():
            if name in merged:
                raise SynthError(f"{section}.{name} is declared twice in infra/")
            merged[name] = value
    return dict(sorted(merged.items()))


def _write_dashboards(resources: dict[str, Any]) -> None:
    """CloudWatch wants a dashboard's body as text; the fragment holds it as a structure that people can read."""
    for resource in resources.values():
        if resource["Type"] == "AWS::CloudWatch::Dashboard":
            body = resource["Properties"]["DashboardBody"]
            resource["Properties"]["DashboardBody"] = {"Fn::Sub": json.dumps(body, ensure_ascii=False)}
