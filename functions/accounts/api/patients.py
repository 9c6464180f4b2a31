"""Patients of the calling client."""

from typing import Any

from functions.accounts.actions import patients
from functions.accounts.api.declared import routes
from functions.accounts.rules.consents import ConsentMissing
from functions.accounts.rules.patients import PatientInvalid, TooManyPatients
from functions.accounts.schemas.patients import (
    AddPatient,
    ChangePatient,
    ConsentList,
    ConsentView,
    PatientList,
    PatientView,
    by_purpose,
)
from functions.shared.caller import Role
from functions.shared.errors import NotFound
from functions.shared.http import Call


@routes.post(
    "/patients",
    summary="新增就诊人",
    roles={Role.CLIENT},
    body=AddPatient,
    reply=PatientView,
    status=201,
    effect=True,
    problems=(PatientInvalid, ConsentMissing, TooManyPatients),
)
def add_patient(call: Call[AddPatient]) -> PatientView:
    """姓名、证件号、手机号加密保存，此后只显示脱敏值。每人最多 20 位就诊人。"""
    patient = patients.add_patient(
        call.tx,
        client_id=call.caller.subject,
        facts=call.body.facts(),
        consented=by_purpose(call.body.consents),
    )
    return PatientView.of(patient)


@routes.get("/patients", summary="我的就诊人", roles={Role.CLIENT}, reply=PatientList)
def list_patients(call: Call[Any]) -> PatientList:
    """按添加先后。"""
    found = patients.list_patients(client_id=call.caller.subject, now=call.now)
    return PatientList(items=[PatientView.of(patient) for patient in found])


@routes.get("/patients/{patient_id}", summary="就诊人", roles={Role.CLIENT}, reply=PatientView, problems=(NotFound,))
def get_patient(call: Call[Any], patient_id: str) -> PatientView:
    """ETag 即 `version`，修改时放进 If-Match。"""
    return PatientView.of(patients.find_patient(client_id=call.caller.subject, patient_id=patient_id, now=call.now))


@routes.put(
    "/patients/{patient_id}",
    summary="修改就诊人",
    roles={Role.CLIENT},
    body=ChangePatient,
    reply=PatientView,
    versioned=True,
    problems=(NotFound, PatientInvalid, ConsentMissing),
)
def change_patient(call: Call[ChangePatient], patient_id: str) -> PatientView:
    """没有给出的项保持不变；新的同意追加在原有记录之后。"""
    patient = patients.change_patient(
        call.tx,
        client_id=call.caller.subject,
        patient_id=patient_id,
        version=call.if_match,
        change=call.body.applied_to,
        consented=by_purpose(call.body.consents),
    )
    return PatientView.of(patient)


@routes.get(
    "/patients/{patient_id}/consents",
    summary="就诊人的知情同意记录",
    roles={Role.CLIENT},
    reply=ConsentList,
    problems=(NotFound,),
)
def list_consents(call: Call[Any], patient_id: str) -> ConsentList:
    """只增不改。"""
    given = patients.list_consents(client_id=call.caller.subject, patient_id=patient_id)
    return ConsentList(items=[ConsentView.of(consent) for consent in given])
