"""Applicants and companions as a test needs them."""

from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from functions.companions.actions import put_companion
from functions.companions.rules import Profile
from functions.companions.table import find_profile_row
from functions.hospitals.actions import put_city, put_hospital
from functions.shared import table
from tests.accounts.makers import COMPANION, commit, id_number
from tests.harness.seeds import seeded, seeded_one
from tests.harness.world import Person, Reply, World

ID_NUMBER = id_number("1990-06-01", sequence="124")
PHONE = "13812341234"
REQUIRED = ("id_card", "health_certificate", "companion_training")
_JPEG = b"\xff\xd8\xff\xe0"


def put_city_and_hospital() -> None:
    """北京 and 协和."""
    city = next(row for row in seeded("cities") if row["code"] == "110000")
    commit("hospitals", partial(put_city, **city))
    commit("hospitals", partial(put_hospital, **seeded_one("hospitals", "hos_pumch")))


def put(**changed: Any) -> None:
    """The seeded companion, with these changes."""
    commit("companions", partial(put_companion, **seeded_one("companions", COMPANION) | changed))


def credentials_until(**expires_on: str) -> list[dict[str, Any]]:
    """The seeded companion's credentials, those named with another last day."""
    held: list[dict[str, Any]] = seeded_one("companions", COMPANION)["credentials"]
    return [each | {"expires_on": expires_on.get(each["kind"], each["expires_on"])} for each in held]


def profile_of(companion_id: str) -> Profile:
    """As it is stored this moment."""
    table.forget_kept()
    row = find_profile_row(companion_id)
    assert row is not None
    return row.to_profile()


def application(**changed: Any) -> dict[str, Any]:
    """A woman who wants to work in 协和's oncology."""
    body: dict[str, Any] = {
        "name": "周敏",
        "gender": "female",
        "birth_year": 1990,
        "city": "110000",
        "languages": ["mandarin"],
        "serves": [{"hospital_id": "hos_pumch", "department_ids": ["oncology"]}],
        "intro": "做过八年导医，熟悉协和东单院区。",
        "id_number": ID_NUMBER,
        "phone": PHONE,
    }
    return {name: value for name, value in (body | changed).items() if value is not ...}


def credential(kind: str, file_id: str, /, **changed: Any) -> dict[str, Any]:
    """Particulars of a certificate."""
    number = ID_NUMBER if kind == "id_card" else "JK202600001"
    body = {"kind": kind, "number": number, "issued_by": "北京市朝阳区", "expires_on": "2028-01-01", "file_id": file_id}
    return body | changed


@dataclass(frozen=True)
class Office:
    """Somebody who applies, and the staff who review."""

    world: World
    applicant: Person
    agent: Person
    admin: Person

    @classmethod
    def of(cls, world: World) -> "Office":
        return cls(
            world,
            world.person("client"),
            world.person("agent", subject="stf_agent"),
            world.person("admin", subject="stf_admin"),
        )

    def fresh(self) -> "Office":
        """The same people with fresh tokens, after the clock was moved."""
        roles = {"applicant": ("client", "companion"), "agent": ("agent",), "admin": ("admin",)}
        people = {name: self.world.renewed(getattr(self, name), *held) for name, held in roles.items()}
        return Office(self.world, **people)

    def apply(self, **changed: Any) -> str:
        """A draft; its id."""
        reply = self.world.post("/companion-applications", application(**changed), as_=self.applicant)
        assert reply.status == 201, reply.body
        return str(reply.body["application_id"])

    def upload(self, path: str, *, as_: Person | None = None, content: bytes = b"") -> str:
        """An uploaded photo; its id."""
        person = as_ or self.applicant
        leave = self.world.post(path, {"content_type": "image/jpeg"}, as_=person, key="")
        assert leave.status == 201, leave.body
        file_id = str(leave.body["file_id"])
        self.world.upload(leave.body, _JPEG + (content or file_id.encode()))
        return file_id

    def attach(self, application_id: str, kind: str, *, content: bytes = b"", **changed: Any) -> Reply:
        file_id = self.upload(f"/companion-applications/{application_id}/uploads", content=content)
        path = f"/companion-applications/{application_id}/credentials"
        return self.world.post(path, credential(kind, file_id, **changed), as_=self.applicant)

    def submitted(self, *kinds: str) -> str:
        """A submitted application with these certificates, or the required ones."""
        application_id = self.apply()
        for kind in kinds or REQUIRED:
            assert self.attach(application_id, kind).status == 201
        assert self.submit(application_id).status == 200
        return application_id

    def submit(self, application_id: str) -> Reply:
        return self.world.post(f"/companion-applications/{application_id}/submit", as_=self.applicant)

    def read(self, application_id: str, *, as_: Person | None = None) -> Any:
        reply = self.world.get(f"/companion-applications/{application_id}", as_=as_ or self.agent)
        assert reply.status == 200, reply.body
        return reply.body

    def act(self, application_id: str, what: str, body: Any = None) -> Reply:
        """One of staff's acts on an application."""
        return self.world.post(f"/companion-applications/{application_id}/{what}", body, as_=self.agent)

    def verify_all(self, application_id: str) -> None:
        for held in self.read(application_id)["credentials"]:
            if held["state"] == "pending":
                reply = self.act(application_id, f"credentials/{held['credential_id']}/verify")
                assert reply.status == 200, reply.body

    def call(self, application_id: str, outcome: str = "confirmed") -> Reply:
        return self.act(application_id, "phone-checks", {"outcome": outcome, "note": "本人接听"})

    def admitted(self, *kinds: str) -> str:
        """A companion from an approved application; their id."""
        application_id = self.submitted(*kinds)
        self.verify_all(application_id)
        self.call(application_id)
        reply = self.act(application_id, "approve")
        assert reply.status == 200, reply.body
        return self.applicant.subject

    def renew(self, person: Person, kind: str, **changed: Any) -> Reply:
        """A companion's new certificate."""
        file_id = self.upload("/companions/me/uploads", as_=person)
        return self.world.post("/companions/me/credentials", credential(kind, file_id, **changed), as_=person)


def day(text: str) -> date:
    """A China calendar day."""
    return date.fromisoformat(text)
