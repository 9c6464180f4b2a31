"""One CloudFormation deployment, the same for AWS and for the local stack: upload, change set, execute, outputs."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError, WaiterError

Clients = Callable[[str], Any]
"""A botocore client by service name, bound to an account, a region and, locally, an endpoint."""

_GONE = frozenset({"REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE", "DELETE_COMPLETE"})
"""States of a stack that was never made: it has to be created, not updated."""
_POLL_S = 15


class DeployError(Exception):
    """The deployment did not happen; the message is one sentence for the person at the keyboard."""


@dataclass(frozen=True)
class Deployed:
    """`changed` is False if the stack already was what the template says."""

    outputs: dict[str, str]
    changed: bool


def stack_name(stage: str) -> str:
    """The CloudFormation stack of a stage."""
    return f"zhenban-{stage}"


def deploy(
    clients: Clients, *, stage: str, package: Path, bucket: str, parameters: Mapping[str, str], poll_s: float = _POLL_S
) -> Deployed:
    """Bring the stack to what `package` (template.json, deployment.zip) and `parameters` say. Raises DeployError."""
    name = stack_name(stage)
    template = (package / "template.json").read_bytes()
    code_key = f"{_digest((package / 'deployment.zip').read_bytes())}.zip"
    parameters = {**parameters, "CodeBucket": bucket, "CodeKey": code_key}
    wanted = _digest(template + json.dumps(parameters, sort_keys=True).encode())
    present = find_stack(clients, name)
    if present and _tags(present).get("wanted") == wanted and present["StackStatus"].endswith("_COMPLETE"):
        return Deployed(_outputs(present), changed=False)
    template_key = f"{_digest(template)}.json"
    upload(clients, bucket, code_key, package / "deployment.zip")
    upload(clients, bucket, template_key, package / "template.json")
    template_url = f"{clients('s3').meta.endpoint_url}/{bucket}/{template_key}"
    _apply_change_set(clients, name, present, template_url, parameters, wanted, poll_s)
    deployed = find_stack(clients, name)
    assert deployed is not None
    return Deployed(_outputs(deployed), changed=True)


def find_stack(clients: Clients, name: str) -> dict[str, Any] | None:
    """The stack as CloudFormation describes it, or None."""
    try:
        stack: dict[str, Any] = clients("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    return stack


def upload(clients: Clients, bucket: str, key: str, path: Path) -> None:
    """Put `path` into the bucket under a name that stands for its content, unless it is there."""
    s3 = clients("s3")
    try:
        s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("404", "NoSuchKey", "NotFound"):
            raise
        s3.put_object(Bucket=bucket, Key=key, Body=path.read_bytes())


def ensure_bucket(clients: Clients, bucket: str, region: str) -> None:
    """A private bucket for packages."""
    s3 = clients("s3")
    try:
        s3.head_bucket(Bucket=bucket)
        return
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("404", "NoSuchBucket", "NotFound"):
            raise
    where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=bucket, **where)
    blocked = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=dict.fromkeys(blocked, True))


def _apply_change_set(
    clients: Clients,
    name: str,
    present: dict[str, Any] | None,
    template_url: str,
    parameters: Mapping[str, str],
    wanted: str,
    poll_s: float,
) -> None:
    cloudformation = clients("cloudformation")
    creating = present is None or present["StackStatus"] in _GONE
    if present is not None and present["StackStatus"] == "ROLLBACK_COMPLETE":
        cloudformation.delete_stack(StackName=name)
        _wait(cloudformation, "stack_delete_complete", poll_s, StackName=name)
    change_set = f"to-{wanted[:12]}-{int(time.time())}"
    cloudformation.create_change_set(
        StackName=name,
        ChangeSetName=change_set,
        ChangeSetType="CREATE" if creating else "UPDATE",
        TemplateURL=template_url,
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        Capabilities=["CAPABILITY_IAM"],
        Tags=[{"Key": "wanted", "Value": wanted}, {"Key": "product", "Value": "zhenban"}],
    )
    try:
        _wait(cloudformation, "change_set_create_complete", poll_s, StackName=name, ChangeSetName=change_set)
    except DeployError:
        described = cloudformation.describe_change_set(StackName=name, ChangeSetName=change_set)
        raise DeployError(f"the change set was refused: {described.get('StatusReason', described['Status'])}") from None
    cloudformation.execute_change_set(StackName=name, ChangeSetName=change_set)
    try:
        _wait(cloudformation, f"stack_{'create' if creating else 'update'}_complete", poll_s, StackName=name)
    except DeployError:
        raise DeployError(
            f"the deployment failed and was rolled back: {_first_failure(cloudformation, name)}"
        ) from None


def _wait(cloudformation: Any, waiter: str, poll_s: float, **arguments: Any) -> None:
    try:
        config = {"Delay": poll_s, "MaxAttempts": int(3600 / poll_s)}
        cloudformation.get_waiter(waiter).wait(**arguments, WaiterConfig=config)
    except WaiterError as error:
        raise DeployError(str(error)) from error


def _first_failure(cloudformation: Any, name: str) -> str:
    """The oldest failure of the last attempt: what follows it is only cancelled."""
    failures = []
    for event in cloudformation.describe_stack_events(StackName=name)["StackEvents"]:
        if event["ResourceStatus"].endswith("_FAILED"):
            failures.append(f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', 'no reason given')}")
        if event.get("ResourceStatusReason") == "User Initiated":
            break
    if failures:
        return failures[-1]
    stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    return str(stack.get("StackStatusReason", stack["StackStatus"]))


def _outputs(stack: dict[str, Any]) -> dict[str, str]:
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def _tags(stack: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in stack.get("Tags", [])}


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:40]
