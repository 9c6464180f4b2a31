"""Cancellation terms: versions by city, each in force from an instant on (B3)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from functions.booking import table
from functions.booking.rules.cancellation import DEFAULT_TERMS, EVERYWHERE, Terms, in_force
from functions.shared import audit
from functions.shared.errors import Conflict, FieldError, Invalid
from functions.shared.table import find
from functions.shared.tx import Tx


class VersionExists(Conflict):
    """Published terms are never changed."""

    code = "terms_version_exists"
    title = "该版本号已经发布过"


def terms_for(hospital_id: str, at: datetime) -> Terms:
    """The terms of the hospital's city that are in force at `at`; NotFound for an unknown hospital."""
    from functions.hospitals import actions as hospitals

    return terms_in(hospitals.find_hospital(hospital_id).city, at)


def terms_in(city: str, at: datetime) -> Terms:
    """The city's own terms, the country's where it has none yet, the documented default where there are none at all."""
    return in_force(table.terms_of(city), at) or in_force(table.terms_of(EVERYWHERE), at) or DEFAULT_TERMS


def list_terms(city: str) -> Sequence[Terms]:
    """Every version that was published for a city (`*`: for the whole country), the latest first."""
    row = find(table.TermsRow, *table.terms_key(city))
    return tuple(reversed(row.versions)) if row else ()


def publish_terms(tx: Tx, *, city: str, terms: Terms, by: str, reason: str) -> Terms:
    """Add a version that takes effect later than all before it; orders keep the terms that they were quoted.

    Raises VersionExists, and Invalid for one that would change the past.
    """
    row = find(table.TermsRow, *table.terms_key(city)) or table.TermsRow(*table.terms_key(city), versions=())
    if any(published.version == terms.version for published in row.versions):
        raise VersionExists()
    if terms.effective_from < tx.now or any(terms.effective_from <= each.effective_from for each in row.versions):
        raise Invalid(errors=(FieldError("effective_from", "生效时间应晚于现在，也晚于已发布的版本"),))
    before = row.versions[-1].version if row.versions else ""
    row.versions = (*row.versions, terms)
    tx.save(row)
    published = {"act": "cancellation_terms.published", "subject": f"terms-{city}"}
    audit.record(tx, actor=by, reason=reason, before=before, after=terms.version, **published)
    return terms


def put_cancellation_terms(tx: Tx, *, city: str, versions: Sequence[Mapping[str, Any]]) -> None:
    """Set a city's versions, in the shape of the seed."""
    row = find(table.TermsRow, *table.terms_key(city)) or table.TermsRow(*table.terms_key(city))
    read = msgspec.convert(list(versions), tuple[Terms, ...])
    row.versions = tuple(sorted(read, key=lambda terms: terms.effective_from))
    tx.save(row)
