"""Files that people hand in with their words: taken once, hashed, never expiring."""

from functions.shared import files
from functions.shared.errors import Problem
from functions.shared.tx import Tx
from functions.support.rules.complaints import Evidence

ROOM = "support"


def kept(tx: Tx, owner: str, file_id: str) -> Evidence:
    """The uploaded file, read once, for whose row names it. UploadMissing, UploadRefused."""
    stored = tx.once(f"evidence#{file_id}", lambda: _inspected(owner, file_id))
    if isinstance(stored, Problem):
        raise stored
    return stored


def _inspected(owner: str, file_id: str) -> Evidence | Problem:
    try:
        stored = files.inspect(ROOM, owner=owner, file_id=file_id, kinds=files.DOCUMENTS, field="evidence_ids")
    except (files.UploadMissing, files.UploadRefused) as problem:
        return problem
    files.keep(stored)
    return Evidence(file_id=file_id, key=stored.key, content_type=stored.content_type, sha256=stored.sha256)
