"""Uploaded certificates, beside whom they belong to."""

from datetime import date

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from functions.companions.rules.credentials import Credential, CredentialKind, CredentialState
from functions.companions.table.base import CompanionsRow, EnumAttribute, Key, partition
from functions.shared import ids
from functions.shared.table import InstantAttribute, JsonAttribute, find, query_page

_MOST = 200


class CredentialRow(CompanionsRow, discriminator="companion_credential"):
    credential_id = UnicodeAttribute()
    account_id = UnicodeAttribute()
    application_id = UnicodeAttribute(null=True)
    """The application that it came with; none for a renewal."""
    kind_of = UnicodeAttribute()
    """`kind` is taken: it tells the table's rows apart."""
    number_sealed = UnicodeAttribute()
    number_masked = UnicodeAttribute()
    issued_by = UnicodeAttribute()
    expires_on: JsonAttribute[date] = JsonAttribute(date)
    file_key = UnicodeAttribute()
    content_type = UnicodeAttribute()
    size_bytes = NumberAttribute()
    sha256 = UnicodeAttribute()
    used_by = UnicodeAttribute(null=True)
    """Another account that uploaded the very same file before: staff should look closely."""
    state: EnumAttribute[CredentialState] = EnumAttribute(CredentialState)
    uploaded_at = InstantAttribute()
    decided_at = InstantAttribute(null=True)
    decided_by = UnicodeAttribute(null=True)
    refusal = UnicodeAttribute(null=True)

    @property
    def credential_kind(self) -> CredentialKind:
        return CredentialKind(self.kind_of)

    def to_credential(self) -> Credential:
        """As the profile holds it."""
        return Credential(
            kind=self.credential_kind,
            number_masked=self.number_masked,
            issued_by=self.issued_by,
            expires_on=self.expires_on,
            verified_by=self.decided_by if self.state is CredentialState.VERIFIED else None,
            credential_id=self.credential_id,
        )


class CertificateUseRow(CompanionsRow, discriminator="companion_certificate_use"):
    """Whose certificate a file first was, by its hash."""

    account_id = UnicodeAttribute()


def credential_key(account_id: str, credential_id: str) -> Key:
    return (partition(account_id), f"CREDENTIAL#{credential_id}")


def certificate_use_key(sha256: str) -> Key:
    return (f"CERTIFICATE#{sha256}", "USE")


def find_credential(account_id: str, credential_id: str) -> CredentialRow | None:
    if not ids.is_id("crd", credential_id):
        return None
    return find(CredentialRow, *credential_key(account_id, credential_id))


def find_use(sha256: str) -> CertificateUseRow | None:
    return find(CertificateUseRow, *certificate_use_key(sha256))


def credentials_of(account_id: str) -> list[CredentialRow]:
    """All that the account ever uploaded, the earliest first: one Query."""
    rows, _ = query_page(CredentialRow, partition(account_id), prefix="CREDENTIAL#", limit=_MOST)
    return list(rows)
