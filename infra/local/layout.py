"""Where one local stack lives. `make up` has one, each test run has its own; they do not meet."""

import os
import socket
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from infra.local.processes import StackError
from infra.stacks import Clients

ROOT = Path(__file__).parents[2]
HOST = "127.0.0.1"
REGION = "us-east-1"
STAGE = "local"
_PORTS = {"stack": 4510, "wechat": 4511, "pay": 4512, "insurer": 4513}


@dataclass(frozen=True)
class Layout:
    """A folder for state and logs, four loopback ports, and an AWS account number."""

    folder: Path
    ports: dict[str, int]
    """stack, wechat, pay, insurer."""
    account: str = "000000000510"
    """The emulator takes a 12-digit access key for an account's number, and its holder for that account's root."""

    @classmethod
    def of_make_up(cls) -> "Layout":
        """The stack of `make up`: in LOCAL_FOLDER, on STACK_PORT, WECHAT_PORT, PAY_PORT and INSURER_PORT."""
        given = {name: os.environ.get(f"{name.upper()}_PORT") or str(port) for name, port in _PORTS.items()}
        for name, port in given.items():
            if not (port.isdecimal() and 0 < int(port) < 65_536):
                raise StackError(f"{name.upper()}_PORT={port} is not a port")
        ports = {name: int(port) for name, port in given.items()}
        return cls(Path(os.environ.get("LOCAL_FOLDER") or ROOT / ".local"), ports)

    @classmethod
    def of_tests(cls, folder: Path) -> "Layout":
        """A stack on free ports and in an account of its own."""
        return cls(folder, dict(zip(_PORTS, free_ports(len(_PORTS)), strict=True)), account="000000000599")

    def url(self, name: str) -> str:
        """`http://127.0.0.1:<port>` of the stack or a stand-in."""
        return f"http://{HOST}:{self.ports[name]}"

    @property
    def endpoint(self) -> str:
        return self.url("stack")

    @property
    def environment(self) -> dict[str, str]:
        """What makes the commands of `infra.local` take this stack for that of `make up`."""
        ports = {f"{name.upper()}_PORT": str(port) for name, port in self.ports.items()}
        return {"LOCAL_FOLDER": str(self.folder), **ports}

    @property
    def standins_folder(self) -> Path:
        return self.folder / "standins"

    @property
    def stack_file(self) -> Path:
        """stack.json: what demo, seeding and tests need to know about this stack."""
        return self.folder / "stack.json"

    @property
    def credentials(self) -> dict[str, str]:
        """The account root's, as AWS environment variables."""
        return {
            "AWS_ACCESS_KEY_ID": self.account,
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": self.endpoint,
        }

    @cached_property
    def clients(self) -> Clients:
        """botocore clients of this stack, whatever AWS configuration the person has at home."""
        from functools import cache

        from botocore.config import Config
        from botocore.session import Session

        session = Session(
            session_vars={"profile": (None, None, None, None), "config_file": (None, None, os.devnull, None)}
        )

        @cache
        def client(service: str) -> Any:
            return session.create_client(
                service,
                region_name=REGION,
                endpoint_url=self.endpoint,
                aws_access_key_id=self.account,
                aws_secret_access_key=self.credentials["AWS_SECRET_ACCESS_KEY"],
                config=Config(
                    connect_timeout=2,
                    read_timeout=60,
                    retries={"total_max_attempts": 2},
                    s3={"addressing_style": "path"},
                ),
            )

        return client


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind((HOST, 0))
    ports = [int(each.getsockname()[1]) for each in sockets]
    for each in sockets:
        each.close()
    return ports


def is_taken(port: int) -> bool:
    """Whether something listens on this loopback port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0
