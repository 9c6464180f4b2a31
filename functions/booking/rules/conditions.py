"""What a visit is about, coarsely enough to say on a form (F1).

A department tells less than it seems: one oncology sees who was operated on, who gets chemotherapy, and who only waits
for a picture. Companions name the condition types that they know well; a client may name the one they come with.
Whoever comes with none of these names none.
"""

from collections.abc import Mapping
from enum import StrEnum


class ConditionType(StrEnum):
    """What the patient comes with, and what a companion may be good at."""

    ONCOLOGY_RECOVERY = "oncology_recovery"
    ONCOLOGY_THERAPY = "oncology_therapy"
    CHILD_VACCINATION = "child_vaccination"
    CHILD_ILLNESS = "child_illness"
    PRENATAL = "prenatal"
    CHRONIC_FOLLOWUP = "chronic_followup"
    ORTHOPEDIC_RECOVERY = "orthopedic_recovery"
    DIALYSIS = "dialysis"
    ELDERLY_DISABILITY = "elderly_disability"
    PRE_SURGERY = "pre_surgery"
    EYE_SURGERY = "eye_surgery"
    SEDATED_ENDOSCOPY = "sedated_endoscopy"


CONDITION_TITLES: Mapping[ConditionType, str] = {
    ConditionType.ONCOLOGY_RECOVERY: "肿瘤术后",
    ConditionType.ONCOLOGY_THERAPY: "肿瘤放化疗",
    ConditionType.CHILD_VACCINATION: "儿童疫苗",
    ConditionType.CHILD_ILLNESS: "儿童就诊",
    ConditionType.PRENATAL: "产检",
    ConditionType.CHRONIC_FOLLOWUP: "慢病复诊",
    ConditionType.ORTHOPEDIC_RECOVERY: "骨科术后",
    ConditionType.DIALYSIS: "透析",
    ConditionType.ELDERLY_DISABILITY: "老年失能",
    ConditionType.PRE_SURGERY: "术前检查",
    ConditionType.EYE_SURGERY: "眼科手术",
    ConditionType.SEDATED_ENDOSCOPY: "无痛胃肠镜",
}
"""In the order in which a form lists them."""

MAX_SPECIALTIES = 5
"""Who is good at everything stands out with nothing; and each entry of an index carries them."""
