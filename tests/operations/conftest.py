"""The docs folder as packaging lays it out: the document of the repository and the page's own files."""

from pathlib import Path

import pytest

from functions.operations import docs
from infra.assets import docs_assets


@pytest.fixture(scope="session")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package's root with nothing but `docs`."""
    root = tmp_path_factory.mktemp("package")
    for name, content in {**docs_assets(), "docs/openapi.json": (docs.DOCS / "openapi.json").read_bytes()}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


@pytest.fixture
def docs_folder(packaged: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`functions.operations.docs` reads from there."""
    monkeypatch.setattr(docs, "DOCS", packaged / "docs")
    return packaged / "docs"
