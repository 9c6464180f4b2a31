"""The seed data under infra/local/seed is complete, consistent and says only what the product may say."""

import re
from collections import Counter
from datetime import date
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
import yaml

from functions.booking.rules.conditions import MAX_SPECIALTIES, ConditionType

SEED = Path(__file__).resolve().parents[2] / "infra" / "local" / "seed"

NAMES = (
    "cities",
    "hospitals",
    "checklists",
    "cancellation_terms",
    "packages",
    "special_requests",
    "process_templates",
    "catalogue_versions",
    "subsidy_programmes",
    "coupon_campaigns",
    "companions",
    "insurance_products",
    "notice_templates",
    "guide_maps",
    "handbook_terms",
    "emergency_desks",
)

# (south, north, west, east) of each municipality, in degrees.
BOUNDING_BOXES = {
    "110000": (39.44, 41.06, 115.42, 117.51),
    "310000": (30.67, 31.88, 120.85, 122.12),
    "440100": (22.56, 23.94, 112.95, 114.06),
    "330100": (29.18, 30.57, 118.34, 120.73),
    "510100": (30.09, 31.44, 102.98, 104.90),
    "420100": (29.96, 31.37, 113.68, 115.09),
}
LANGUAGES = {
    "mandarin",
    "cantonese",
    "hakka",
    "shanghainese",
    "hangzhounese",
    "wenzhounese",
    "sichuanese",
    "hubei_dialect",
    "henan_dialect",
    "shandong_dialect",
    "hebei_dialect",
    "northeastern_dialect",
    "tibetan",
    "korean",
    "japanese",
    "english",
    "sign_language",
}
CREDENTIAL_KINDS = {"id_card", "health_certificate", "first_aid", "nurse_license", "companion_training"}
PLACEHOLDERS = {
    "order_no",
    "hospital_name",
    "department_name",
    "starts_at_text",
    "companion_name",
    "patient_name_masked",
    "amount_text",
    "credential_name",
    "days_text",
    "due_text",
    "expires_on_text",
    "tier_name",
}
NOTICES = {
    "order_paid": "client",
    "order_assigned": "client",
    "order_closed_hold_expired": "client",
    "order_refunded": "client",
    "invoice_issued": "client",
    "invoice_reversed": "client",
    "invoice_refused": "client",
    "review_published": "companion",
    "suspended_complaints": "companion",
    "rectification_issued": "companion",
    "rectification_extended": "companion",
    "rectification_lifted": "companion",
    "rectification_removed": "companion",
    "complaint_answer_asked": "companion",
    "complaint_decided": "client",
    "visit_unfinished_staff": "staff",
    "report_overdue": "companion",
    "report_missing": "client",
    "complaint_overdue_staff": "staff",
    "complaint_stuck_staff": "staff",
    "re_inspection_overdue_staff": "staff",
    "webhook_disabled_staff": "staff",
    "complaint_closed": "companion",
    "withdrawal_to_confirm": "companion",
    "withdrawal_paid": "companion",
    "withdrawal_returned": "companion",
    "review_answered": "client",
    "review_refused": "client",
    "message_unseen_client": "client",
    "claim_evidence_requested": "client",
    "claim_approved": "client",
    "claim_rejected": "client",
    "claim_paid": "client",
    "message_unseen_companion": "companion",
    "answer_refused": "companion",
    "visit_reminder_24h": "client",
    "visit_reminder_morning": "client",
    "companion_visit_reminder": "companion",
    "visit_started": "client",
    "visit_ended": "client",
    "visit_unfinished": "companion",
    "report_ready": "client",
    "policy_issued": "client",
    "offer_received": "companion",
    "income_pending": "companion",
    "income_available": "companion",
    "application_approved": "companion",
    "application_rejected": "client",
    "application_more_needed": "client",
    "credential_expiring": "companion",
    "suspended_credential_expired": "companion",
    "suspended_staff": "companion",
    "tier_up": "companion",
    "tier_down": "companion",
    "order_closed_no_companion": "client",
    "order_rescheduled": "client",
    "order_unassigned": "client",
    "series_payment_due": "client",
    "visit_rescheduled": "companion",
    "visit_cancelled": "companion",
    "visit_cancelled_compensated": "companion",
    "visit_reassigned": "companion",
    "confirmation_asked": "companion",
    "confirmation_reminded": "companion",
    "subsidy_approved": "client",
    "subsidy_rejected": "client",
    "subsidy_finally_rejected": "client",
    "coupon_granted": "client",
    "emergency_called": "client",
    "emergency_called_companion": "companion",
    "emergency_called_staff": "staff",
    "emergency_unanswered_staff": "staff",
    "emergency_acknowledged": "client",
    "no_show_asked_client": "client",
    "no_show_asked_companion": "companion",
    "no_show_contested_client": "client",
    "no_show_contested_companion": "companion",
    "order_closed_client_no_show": "client",
    "order_closed_companion_no_show": "client",
    "visit_client_no_show": "companion",
    "visit_companion_no_show": "companion",
    "overtime_asked": "client",
    "overtime_authorised": "client",
    "overtime_approved": "companion",
    "overtime_declined": "companion",
    "expense_asked": "client",
    "expense_approved": "companion",
    "expense_declined": "companion",
    "supplement_overdue": "client",
    "supplement_income": "companion",
}
SEED_FIELDS = {
    "emergency_desks": {"hospital_id", "acknowledge_within_s", "contacts"},
    "cities": {"code", "name", "tier"},
    "hospitals": {"id", "city", "name", "grade", "campuses", "departments"},
    "checklists": {"key", "name", "items"},
    "cancellation_terms": {"city", "versions"},
    "packages": {
        "id",
        "name",
        "summary",
        "duration_min",
        "includes",
        "included_special_requests",
        "process_template",
        "price_fen",
    },
    "special_requests": {"id", "name", "summary", "price_fen"},
    "process_templates": {"id", "name", "milestones"},
    "catalogue_versions": {"id", "note", "kind", "item_id", "scope", "content"},
    "subsidy_programmes": {
        "id",
        "name",
        "summary",
        "evidence",
        "percent_bp",
        "off_fen",
        "cap_fen",
        "cap_per",
        "budget_fen",
        "valid_from",
        "valid_until",
        "cities",
        "min_age",
        "rank",
        "combinable",
        "shards",
    },
    "coupon_campaigns": {
        "id",
        "terms",
        "summary",
        "stock",
        "per_client",
        "claim_from",
        "claim_until",
        "valid_days",
        "public",
        "shards",
    },
    "companions": {
        "id",
        "name",
        "city",
        "gender",
        "birth_year",
        "tier",
        "languages",
        "specialties",
        "first_aid_certified",
        "serves",
        "rating_hundredths",
        "completed_visits",
        "cases_by_department",
        "intro",
        "credentials",
    },
    "insurance_products": {
        "id",
        "name",
        "insurer_id",
        "premium_fen",
        "wording_version",
        "summary",
        "waiting_h",
        "filing_days",
        "perils",
        "wording",
    },
    "notice_templates": {"code", "audience", "title", "body"},
    "guide_maps": {"id", "kind", "name", "floor", "accessible", "directions"},
    "handbook_terms": {"key", "term", "said"},
}
# A promise of cure, or a hint that registrations are for sale.
FORBIDDEN = re.compile(r"治愈|根治|包治|保证疗效|确保.{0,4}康复|黄牛|加号|买号|卖号|号源|内部号|插队")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
SLUG = re.compile(r"[a-z][a-z0-9_]*")


class _StrictLoader(yaml.SafeLoader):
    """SafeLoader that refuses a repeated key, which YAML otherwise drops silently."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        repeated = [key for key, times in Counter(keys).items() if times > 1]
        if repeated:
            raise yaml.constructor.ConstructorError(None, None, f"repeated keys {repeated}", node.start_mark)
        return super().construct_mapping(node, deep)


def load(name: str) -> list[dict[str, Any]]:
    with (SEED / f"{name}.yaml").open(encoding="utf-8") as file:
        rows: list[dict[str, Any]] = yaml.load(file, Loader=_StrictLoader)
        return rows


DATA = {name: load(name) for name in NAMES}
HOSPITALS = {hospital["id"]: hospital for hospital in DATA["hospitals"]}
CITY_CODES = {city["code"] for city in DATA["cities"]}


def departments_of(hospital_id: str) -> set[str]:
    return {department["id"] for department in HOSPITALS[hospital_id]["departments"]}


def served_by(companion: dict[str, Any]) -> set[tuple[str, str]]:
    return {
        (entry["hospital_id"], department_id)
        for entry in companion["serves"]
        for department_id in entry["department_ids"]
    }


def strings_in(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for item in value.values() for text in strings_in(item)]
    if isinstance(value, list):
        return [text for item in value for text in strings_in(item)]
    return [value] if isinstance(value, str) else []


def repeated(values: list[Any]) -> list[Any]:
    return [value for value, times in Counter(values).items() if times > 1]


def is_fen(value: Any, *, minimum: int) -> bool:
    return type(value) is int and value >= minimum


def id_of(row: dict[str, Any]) -> str:
    """The first of these fields that the row has."""
    return str(next(row[field] for field in ("id", "code", "key", "city", "hospital_id") if field in row))


def by_id(rows: list[dict[str, Any]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("row", rows, ids=[id_of(row) for row in rows])


def test_the_directory_holds_exactly_the_named_files() -> None:
    assert {path.stem for path in SEED.glob("*.yaml")} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_row_has_exactly_the_agreed_fields(name: str) -> None:
    assert [row for row in DATA[name] if set(row) != SEED_FIELDS[name]] == []


@pytest.mark.parametrize("name", NAMES)
def test_ids_are_unique_within_a_file(name: str) -> None:
    assert repeated([id_of(row) for row in DATA[name]]) == []


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("cities", "cancellation_terms")])
def test_ids_are_slugs(name: str) -> None:
    assert [id_of(row) for row in DATA[name] if not SLUG.fullmatch(id_of(row))] == []


@pytest.mark.parametrize("name", [name for name in NAMES if name != "cancellation_terms"])
def test_every_row_carries_chinese_text(name: str) -> None:
    assert [row for row in DATA[name] if not any(CHINESE.search(text) for text in strings_in(row))] == []


@pytest.mark.parametrize("name", NAMES)
def test_no_text_promises_a_cure_or_sells_a_registration(name: str) -> None:
    assert [text for text in strings_in(DATA[name]) if FORBIDDEN.search(text)] == []


@pytest.mark.parametrize("name", NAMES)
def test_texts_are_clean_of_stray_spaces_and_half_width_punctuation(name: str) -> None:
    half_width = re.compile(r"[\u4e00-\u9fff][,;:?!]|[,;:?!][\u4e00-\u9fff]")
    assert [text for text in strings_in(DATA[name]) if text != text.strip() or half_width.search(text)] == []


def test_cities_are_the_six_with_three_in_each_tier() -> None:
    assert set(BOUNDING_BOXES) == CITY_CODES
    assert Counter(city["tier"] for city in DATA["cities"]) == {"first": 3, "second": 3}


def test_there_are_24_hospitals_and_at_least_six_in_beijing() -> None:
    per_city = Counter(hospital["city"] for hospital in DATA["hospitals"])
    assert per_city.total() == 24
    assert per_city["110000"] >= 6
    assert set(per_city) == CITY_CODES


def test_campus_ids_are_unique_across_hospitals() -> None:
    assert repeated([campus["id"] for hospital in DATA["hospitals"] for campus in hospital["campuses"]]) == []


@by_id(DATA["hospitals"])
def test_campuses_lie_inside_their_city(row: dict[str, Any]) -> None:
    south, north, west, east = BOUNDING_BOXES[row["city"]]
    for campus in row["campuses"]:
        assert south < campus["lat"] < north, campus["id"]
        assert west < campus["lng"] < east, campus["id"]
        assert 100 <= campus["geofence_radius_m"] <= 500, campus["id"]


@by_id(DATA["hospitals"])
def test_hospital_departments_are_complete(row: dict[str, Any]) -> None:
    departments = row["departments"]
    assert 6 <= len(departments) <= 10
    assert repeated([department["id"] for department in departments]) == []
    assert {department["campus_id"] for department in departments} == {campus["id"] for campus in row["campuses"]}
    assert {department["template"] for department in departments} <= {item["key"] for item in DATA["checklists"]}
    assert all(SLUG.fullmatch(department["id"]) for department in departments)
    assert all(CHINESE.search(department["name"]) for department in departments)
    assert all(re.fullmatch(r"B?\d{1,2}F", department["floor"]) for department in departments)
    assert row["grade"] == "三级甲等"


@by_id(DATA["checklists"])
def test_checklists_have_titled_items_with_unique_codes(row: dict[str, Any]) -> None:
    assert len(row["items"]) >= 6
    assert repeated([item["code"] for item in row["items"]]) == []
    assert all(set(item) == {"code", "title", "note"} for item in row["items"])
    assert all(CHINESE.search(item["title"]) and CHINESE.search(item["note"]) for item in row["items"])


def test_every_checklist_is_used_by_a_department() -> None:
    used = {department["template"] for hospital in DATA["hospitals"] for department in hospital["departments"]}
    assert {item["key"] for item in DATA["checklists"]} == used


def test_packages_are_the_three_of_the_catalogue_and_one_for_vaccinations() -> None:
    assert [package["id"] for package in DATA["packages"]] == ["basic", "deep", "cross_city", "vaccination"]


def test_the_basic_package_costs_220_and_180_yuan() -> None:
    assert DATA["packages"][0]["price_fen"] == {"first": 22000, "second": 18000}


@by_id(DATA["packages"])
def test_package_prices_are_positive_fen_for_every_tier(row: dict[str, Any]) -> None:
    assert set(row["price_fen"]) == {city["tier"] for city in DATA["cities"]}
    assert all(is_fen(price, minimum=1) for price in row["price_fen"].values())
    assert row["price_fen"]["first"] > row["price_fen"]["second"]


@by_id(DATA["packages"])
def test_a_package_lasts_as_long_as_its_process_template(row: dict[str, Any]) -> None:
    templates = {template["id"]: template for template in DATA["process_templates"]}
    assert row["duration_min"] in (120, 240, 480)
    assert templates[row["process_template"]]["milestones"][-1]["offset_min"] == row["duration_min"]


@by_id(DATA["packages"])
def test_included_special_requests_exist(row: dict[str, Any]) -> None:
    assert set(row["included_special_requests"]) <= {request["id"] for request in DATA["special_requests"]}
    assert len(row["includes"]) >= 3


def test_there_are_ten_special_requests_some_of_them_free() -> None:
    prices = [request["price_fen"] for request in DATA["special_requests"]]
    assert len(prices) == 10
    assert all(is_fen(price, minimum=0) for price in prices)
    assert 0 in prices
    required = {"wheelchair", "medicine_pickup", "ticket_pickup", "remote_family_sync"}
    assert required <= {request["id"] for request in DATA["special_requests"]}


def test_process_templates_are_the_four() -> None:
    expected = ["basic_visit", "deep_visit", "cross_city_visit", "vaccination_visit"]
    assert [template["id"] for template in DATA["process_templates"]] == expected


@by_id(DATA["process_templates"])
def test_a_template_starts_departed_arrived_and_ends_ended(row: dict[str, Any]) -> None:
    codes = [milestone["code"] for milestone in row["milestones"]]
    assert codes[:2] == ["departed", "arrived"]
    assert codes[-1] == "ended"
    assert repeated(codes) == []
    assert all(SLUG.fullmatch(code) for code in codes)
    assert all(row["milestones"][index]["required"] for index in (0, 1, -1))


@by_id(DATA["process_templates"])
def test_milestones_are_typed_and_do_not_overlap(row: dict[str, Any]) -> None:
    milestones = row["milestones"]
    fields = {"code", "title", "check_in", "offset_min", "duration_min", "required"}
    for milestone in milestones:
        assert set(milestone) == fields
        assert milestone["check_in"] in {"none", "geofence", "photo", "both"}
        assert type(milestone["offset_min"]) is int
        assert type(milestone["duration_min"]) is int
        assert type(milestone["required"]) is bool
        assert milestone["duration_min"] >= 0
        assert CHINESE.search(milestone["title"])
    for earlier, later in zip(milestones, milestones[1:], strict=False):
        assert earlier["offset_min"] + earlier["duration_min"] <= later["offset_min"], later["code"]


@by_id(DATA["process_templates"])
def test_arrival_is_proved_by_the_geofence_before_the_start(row: dict[str, Any]) -> None:
    departed, arrived = row["milestones"][:2]
    assert arrived["check_in"] == "geofence"
    assert departed["offset_min"] < arrived["offset_min"] <= 0


def test_the_basic_visit_shows_the_five_progress_steps_in_order() -> None:
    titles = [milestone["title"] for milestone in DATA["process_templates"][0]["milestones"]]
    steps = ["已到达医院", "排队挂号", "候诊中", "检查中", "就诊结束"]
    assert [title for title in titles if title in steps] == steps


def test_the_deep_visit_from_eight_gives_the_agreed_timetable() -> None:
    at = {milestone["offset_min"]: milestone["title"] for milestone in DATA["process_templates"][1]["milestones"]}
    assert (at[0], at[90], at[180]) == ("取号", "检查", "取报告")


def test_the_cross_city_visit_cannot_pass_ticket_pickup_without_a_photo() -> None:
    pickup = next(m for m in DATA["process_templates"][2]["milestones"] if m["code"] == "ticket_pickup")
    assert (pickup["check_in"], pickup["required"]) == ("photo", True)
    assert pickup["offset_min"] + pickup["duration_min"] <= 0


def test_companions_are_about_24_in_beijing_and_four_to_six_elsewhere() -> None:
    per_city = Counter(companion["city"] for companion in DATA["companions"])
    assert 22 <= per_city.pop("110000") <= 26
    assert set(per_city) == CITY_CODES - {"110000"}
    assert all(4 <= count <= 6 for count in per_city.values())


def test_companion_names_are_unique() -> None:
    assert repeated([companion["name"] for companion in DATA["companions"]]) == []


@by_id(DATA["companions"])
def test_a_companion_serves_existing_departments_of_one_city(row: dict[str, Any]) -> None:
    assert row["serves"]
    assert repeated([entry["hospital_id"] for entry in row["serves"]]) == []
    for entry in row["serves"]:
        assert HOSPITALS[entry["hospital_id"]]["city"] == row["city"]
        assert entry["department_ids"]
        assert repeated(entry["department_ids"]) == []
        assert set(entry["department_ids"]) <= departments_of(entry["hospital_id"])


@by_id(DATA["companions"])
def test_a_companions_profile_uses_known_values(row: dict[str, Any]) -> None:
    assert row["gender"] in {"female", "male"}
    assert row["tier"] in {"junior", "intermediate", "senior"}
    assert 1960 <= row["birth_year"] <= 2004
    assert row["languages"][0] == "mandarin"
    assert repeated(row["languages"]) == []
    assert set(row["languages"]) <= LANGUAGES
    assert repeated(row["specialties"]) == []
    assert set(row["specialties"]) <= set(ConditionType) and len(row["specialties"]) <= MAX_SPECIALTIES
    assert 15 <= len(row["intro"]) <= 80


@by_id(DATA["companions"])
def test_a_companions_record_is_plausible(row: dict[str, Any]) -> None:
    cases, visits = row["cases_by_department"], row["completed_visits"]
    assert set(cases) <= {department_id for _, department_id in served_by(row)}
    assert all(type(count) is int and count > 0 for count in cases.values())
    assert sum(cases.values()) <= visits
    if row["rating_hundredths"] is None:
        assert visits < 5
        assert row["tier"] == "junior"
    else:
        assert type(row["rating_hundredths"]) is int
        assert 100 <= row["rating_hundredths"] <= 500


def test_higher_tiers_have_more_visits() -> None:
    visits = {
        tier: [row["completed_visits"] for row in DATA["companions"] if row["tier"] == tier]
        for tier in ("junior", "intermediate", "senior")
    }
    assert max(visits["junior"]) < min(visits["intermediate"])
    assert max(visits["intermediate"]) < min(visits["senior"])


@by_id(DATA["companions"])
def test_a_companions_credentials_are_masked_and_in_date(row: dict[str, Any]) -> None:
    kinds = [credential["kind"] for credential in row["credentials"]]
    assert repeated(kinds) == []
    assert {"id_card", "health_certificate", "companion_training"} <= set(kinds) <= CREDENTIAL_KINDS
    assert ("first_aid" in kinds) is row["first_aid_certified"]
    for credential in row["credentials"]:
        assert set(credential) == {"kind", "number_masked", "issued_by", "expires_on"}
        assert re.search(r"\*{6,}", credential["number_masked"])
        assert date.fromisoformat(credential["expires_on"]) >= date(2027, 1, 1)
        assert CHINESE.search(credential["issued_by"])


def test_every_department_is_served_by_somebody() -> None:
    served = {pair for companion in DATA["companions"] for pair in served_by(companion)}
    offered = {(key, department_id) for key in HOSPITALS for department_id in departments_of(key)}
    assert offered - served == set()


def test_every_hospital_has_at_least_two_companions() -> None:
    count = Counter(entry["hospital_id"] for companion in DATA["companions"] for entry in companion["serves"])
    assert {hospital_id for hospital_id in HOSPITALS if count[hospital_id] < 2} == set()


def test_the_filters_have_somebody_to_find_and_newcomers_exist() -> None:
    spoken = {language for companion in DATA["companions"] for language in companion["languages"]}
    assert {"cantonese", "english", "sign_language"} <= spoken
    assert {companion["first_aid_certified"] for companion in DATA["companions"]} == {True, False}
    named = {specialty for companion in DATA["companions"] for specialty in companion["specialties"]}
    assert named == set(ConditionType)
    assert sum(companion["rating_hundredths"] is None for companion in DATA["companions"]) >= 2


def test_the_insurance_product_costs_five_yuan_and_names_its_perils() -> None:
    (product,) = DATA["insurance_products"]
    assert (product["insurer_id"], product["premium_fen"]) == ("ins_demo", 500)
    assert type(product["wording_version"]) is str
    codes = [peril["code"] for peril in product["perils"]]
    assert repeated(codes) == []
    assert {"missed_appointment", "lost_examination_slip", "injury"} <= set(codes)
    assert all(
        set(peril) - {"deductible_fen"} == {"code", "title", "limit_fen", "evidence"} for peril in product["perils"]
    )
    assert all(is_fen(peril["limit_fen"], minimum=1) for peril in product["perils"])
    assert all(peril["evidence"] for peril in product["perils"])
    assert "退保" in product["wording"]


def test_notices_cover_every_event_for_the_right_audience() -> None:
    assert {notice["code"]: notice["audience"] for notice in DATA["notice_templates"]} == NOTICES


@by_id(DATA["notice_templates"])
def test_a_notice_is_short_and_uses_only_known_placeholders(row: dict[str, Any]) -> None:
    fields = {field for text in (row["title"], row["body"]) for _, field, _, _ in Formatter().parse(text) if field}
    assert fields <= PLACEHOLDERS
    assert 4 <= len(row["title"]) <= 20
    assert 15 <= len(row["body"]) <= 120


@by_id([notice for notice in DATA["notice_templates"] if notice["audience"] != "client"])
def test_a_companion_is_never_told_the_patients_name_by_notice(row: dict[str, Any]) -> None:
    assert "patient_name_masked" not in row["title"] + row["body"]


def test_cancellation_terms_hold_everywhere_and_for_known_cities() -> None:
    import msgspec

    from functions.booking.rules.cancellation import EVERYWHERE, Terms

    terms = {row["city"]: msgspec.convert(row["versions"], tuple[Terms, ...]) for row in load("cancellation_terms")}
    assert EVERYWHERE in terms
    assert terms.keys() - {EVERYWHERE} <= {city["code"] for city in load("cities")}
    for versions in terms.values():
        assert len({version.version for version in versions}) == len(versions)
