"""The project as packaging reads it: Chalice runs once for all these tests."""

from pathlib import Path

import pytest

from infra.synth.project import Project, read_project
from infra.synth.template import Template, build


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return read_project("dev", tmp_path_factory.mktemp("chalice"))


@pytest.fixture(scope="session")
def template(project: Project) -> Template:
    return build(project)


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The local stage's package, made unless nothing changed since the last time."""
    from infra.synth.__main__ import package as make
    from infra.synth.project import ROOT

    make("local", ROOT / "dist" / "local")
    return ROOT / "dist" / "local" / "deployment.zip"
