"""Reports as a test needs them."""

from typing import Any

from tests.harness.world import Reply
from tests.tracking.makers import VisitScene

REPORT: dict[str, Any] = {
    "medical_advice": "医生建议低盐饮食，两周后复查血常规。",
    "medicines": [{"name": "阿莫西林胶囊", "dosage": "0.5g", "usage": "每日三次，饭后服用"}],
    "next_visit": "2026-03-16 上午，肿瘤内科",
    "summary": "候诊四十分钟，检查顺利，报告已取。",
}


def submit(visit: VisitScene, **changed: Any) -> Reply:
    """The visit's companion submits the report."""
    return visit.world.post(f"{visit.path}/report", REPORT | changed, as_=visit.companion)
