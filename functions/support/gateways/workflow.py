"""The complaint's workflow (Step Functions, `infra/workflows/complaint.asl.json`): begin one, wake one that waits."""

import json
import os

from functions.shared import aws

_GONE = frozenset({"TaskDoesNotExist", "TaskTimedOut", "InvalidToken"})


def start(*, complaint_id: str, order_id: str, run: int, correlation_id: str) -> None:
    """Begin the complaint's walk, once for each `run`: the execution is named by the complaint.

    Raises botocore's errors while the service cannot be reached; asked again, nothing begins twice.
    """
    sfn = aws.client("stepfunctions")
    try:
        sfn.start_execution(
            stateMachineArn=os.environ["COMPLAINT_WORKFLOW_ARN"],
            name=complaint_id if run == 1 else f"{complaint_id}-{run}",
            input=json.dumps({"complaint_id": complaint_id, "order_id": order_id, "correlation_id": correlation_id}),
        )
    except sfn.exceptions.ExecutionAlreadyExists:
        return


def wake(token: str) -> bool:
    """Let the execution that waits with this token go on; False if nobody waits with it any more."""
    from botocore.exceptions import ClientError

    try:
        aws.client("stepfunctions").send_task_success(taskToken=token, output="{}")
    except ClientError as error:
        if error.response["Error"]["Code"] in _GONE:
            return False
        raise
    return True
