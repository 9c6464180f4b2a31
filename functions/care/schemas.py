"""Requests and answers of the visit report."""

from datetime import datetime
from typing import Annotated

import msgspec

from functions.care import rules, table
from functions.care.actions import OpenReport
from functions.shared import clock
from functions.shared.http.schemas import Body, Reading

Line = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=4000)]
MAX_MEDICINES = 30


class MedicineBody(Body, frozen=True, kw_only=True):
    """一种药：名称、剂量、用法，照处方转述。"""

    name: Line
    dosage: Line
    usage: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class ReportBody(Body, frozen=True, kw_only=True):
    """陪诊报告：如实转述医生的话，不作诊断。"""

    medical_advice: Text
    medicines: Annotated[list[MedicineBody], msgspec.Meta(max_length=MAX_MEDICINES)]
    summary: Text
    next_visit: Annotated[str, msgspec.Meta(min_length=1, max_length=500)] | None = None

    def content(self) -> rules.ReportContent:
        return rules.ReportContent(
            medical_advice=self.medical_advice,
            medicines=[
                rules.Medicine(name=medicine.name, dosage=medicine.dosage, usage=medicine.usage)
                for medicine in self.medicines
            ],
            next_visit=self.next_visit,
            summary=self.summary,
        )


class ReportQuery(Body, frozen=True):
    """`reason` is needed from staff, and kept."""

    reason: Annotated[str, msgspec.Meta(min_length=2, max_length=200, description="工作人员查看的理由")] | None = None


class ReceiptView(Reading, frozen=True, kw_only=True):
    """The report is in. What it says is not repeated: this answer is kept for replay, health data only sealed."""

    report_id: str
    visit_id: str
    order_id: str
    submitted_at: datetime
    late: bool

    @classmethod
    def of(cls, row: table.Report) -> "ReceiptView":
        return cls(
            report_id=row.report_id,
            visit_id=row.visit_id,
            order_id=row.order_id,
            submitted_at=clock.china(row.submitted_at),
            late=row.is_late,
        )


class MedicineView(Reading, frozen=True, kw_only=True):
    """One medicine as it was prescribed."""

    name: str
    dosage: str
    usage: str


class ReportView(Reading, frozen=True, kw_only=True):
    """The report; `disclaimer` must be shown with it."""

    report_id: str
    visit_id: str
    order_id: str
    submitted_at: datetime
    late: bool
    medical_advice: str
    medicines: list[MedicineView]
    next_visit: str | None
    summary: str
    disclaimer: str

    @classmethod
    def of(cls, report: OpenReport) -> "ReportView":
        row, content = report.row, report.content
        return cls(
            report_id=row.report_id,
            visit_id=row.visit_id,
            order_id=row.order_id,
            submitted_at=clock.china(row.submitted_at),
            late=row.is_late,
            medical_advice=content.medical_advice,
            medicines=[
                MedicineView(name=medicine.name, dosage=medicine.dosage, usage=medicine.usage)
                for medicine in content.medicines
            ],
            next_visit=content.next_visit,
            summary=content.summary,
            disclaimer=rules.DISCLAIMER,
        )
