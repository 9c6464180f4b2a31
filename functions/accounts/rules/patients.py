"""A patient's facts, checked as a whole."""

from dataclasses import dataclass
from datetime import date

from functions.accounts.rules import identity
from functions.accounts.rules.identity import Gender, Relation
from functions.shared.errors import Conflict, FieldError, Invalid


class PatientInvalid(Invalid):
    """A fact about the patient cannot be true, or two contradict each other; `errors` names the fields."""

    code = "patient_invalid"
    title = "就诊人信息有误"


class TooManyPatients(Conflict):
    """The client has as many patients as one may have."""

    code = "too_many_patients"
    title = "就诊人数量已达上限"


@dataclass(frozen=True)
class Guardian:
    """Who consents for a patient under 14; `relation` is to the patient."""

    name: str
    relation: Relation
    phone: str | None = None


@dataclass(frozen=True)
class PatientFacts:
    """What is known of a patient, in clear."""

    name: str
    birth_date: date
    gender: Gender
    relation: Relation
    id_number: str | None = None
    phone: str | None = None
    guardian: Guardian | None = None

    def is_minor(self, today: date) -> bool:
        return identity.is_minor(today, born=self.birth_date)


def checked(facts: PatientFacts, *, today: date) -> PatientFacts:
    """`facts`, if they can be a person's; otherwise PatientInvalid."""
    faults = {
        "name": identity.name_fault(facts.name),
        "birth_date": identity.birth_date_fault(facts.birth_date, today=today),
        "phone": identity.phone_fault(facts.phone) if facts.phone is not None else None,
        "id_number": (
            identity.id_number_fault(facts.id_number, birth_date=facts.birth_date, gender=facts.gender)
            if facts.id_number is not None
            else None
        ),
        **(_guardian_faults(facts.guardian) if facts.guardian else {}),
    }
    errors = tuple(FieldError(field, fault) for field, fault in faults.items() if fault)
    if errors:
        raise PatientInvalid(errors=errors)
    return facts


def _guardian_faults(guardian: Guardian) -> dict[str, str | None]:
    return {
        "guardian.name": identity.name_fault(guardian.name),
        "guardian.phone": identity.phone_fault(guardian.phone) if guardian.phone is not None else None,
        "guardian.relation": "监护人不能是本人" if guardian.relation is Relation.SELF else None,
    }
