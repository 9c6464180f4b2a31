"""The template holds for AWS and for AWS in China."""

import json
import subprocess
import sys
from pathlib import Path

from infra.synth.template import Template


def test_cfn_lint_finds_nothing_in_either_partition(template: Template, tmp_path: Path) -> None:
    path = tmp_path / "template.json"
    path.write_text(json.dumps(template), encoding="utf-8")
    command: list[str | Path] = [Path(sys.executable).with_name("cfn-lint"), "--regions"]
    command += ["us-east-1", "cn-north-1", "--", path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "" == done.stdout + done.stderr
