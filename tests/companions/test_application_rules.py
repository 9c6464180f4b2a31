"""Who may apply, what an application needs, and in which order it moves."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.booking.rules.conditions import ConditionType
from functions.companions.rules.applications import (
    APPLICATION_MOVES,
    MAX_PHONE_CHECKS,
    ApplicationIncomplete,
    ApplicationInvalid,
    ApplicationNotOpen,
    ApplicationState,
    Draft,
    PhoneCheck,
    PhoneCheckMissing,
    PhoneOutcome,
    TooManyPhoneChecks,
    TooSoon,
    check_identity,
    check_phone,
    check_ready,
    check_reapply,
    checked,
    moved,
    require_editable,
    with_phone_check,
)
from functions.companions.rules.credentials import (
    CREDENTIAL_MOVES,
    REQUIRED_CREDENTIALS,
    WITHOUT_END,
    CredentialDecided,
    CredentialInvalid,
    CredentialKind,
    CredentialState,
    check_particulars,
    masked,
    next_check,
    warning_due,
)
from functions.companions.rules.credentials import moved as credential_moved
from functions.companions.rules.policy import Policy
from functions.companions.rules.profiles import Gender, Service
from tests.accounts.makers import id_number

TODAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)
POLICY = Policy()
DRAFT = Draft(
    name="周敏",
    gender=Gender.FEMALE,
    birth_year=1990,
    city="110000",
    languages=("mandarin",),
    serves=(Service("hos_pumch", ("oncology", "rheumatology")),),
    intro="做过八年导医，熟悉协和东单院区。",
)
WOMAN_1990 = id_number("1990-06-01", sequence="124")
STATES = st.sampled_from(ApplicationState)
DAYS = st.dates(date(2026, 1, 1), date(2030, 1, 1))
WARN_DAYS = (30, 7, 1)


def fields(error: ApplicationInvalid | ApplicationIncomplete | CredentialInvalid) -> list[str]:
    return [each.field for each in error.errors]


class TestDraft:
    def test_a_plausible_one_passes(self) -> None:
        assert checked(DRAFT, today=TODAY, policy=POLICY) is DRAFT

    @pytest.mark.parametrize(
        ("changed", "field"),
        [
            ({"name": "123"}, "name"),
            ({"birth_year": 2010}, "birth_year"),
            ({"birth_year": 1950}, "birth_year"),
            ({"languages": ()}, "languages"),
            ({"specialties": (ConditionType.DIALYSIS,) * 2}, "specialties"),
            ({"specialties": tuple(ConditionType)}, "specialties"),
            ({"languages": ("Mandarin!",)}, "languages"),
            ({"languages": ("mandarin", "mandarin")}, "languages"),
            ({"serves": ()}, "serves"),
            ({"serves": (Service("hos_pumch", ("oncology", "oncology")),)}, "serves"),
            ({"serves": (Service("hos_pumch", ("oncology",)), Service("hos_pumch", ("rheumatology",)))}, "serves"),
            ({"serves": (Service("hos_pumch", tuple(f"d{n}" for n in range(91))),)}, "serves"),
        ],
    )
    def test_an_impossible_one_says_where(self, changed: dict[str, object], field: str) -> None:
        with pytest.raises(ApplicationInvalid) as refused:
            checked(replace(DRAFT, **changed), today=TODAY, policy=POLICY)  # type: ignore[arg-type]
        assert fields(refused.value) == [field]

    def test_the_identity_number_must_be_the_persons(self) -> None:
        check_identity(id_number=WOMAN_1990, phone="13812341234", draft=DRAFT)
        for wrong in (id_number("1990-06-01"), id_number("1991-06-01", sequence="124"), "11010119900601124", "x" * 18):
            with pytest.raises(ApplicationInvalid) as refused:
                check_identity(id_number=wrong, phone="13812341234", draft=DRAFT)
            assert fields(refused.value) == ["id_number"]

    def test_the_phone_must_be_one(self) -> None:
        with pytest.raises(ApplicationInvalid) as refused:
            check_identity(id_number=WOMAN_1990, phone="12345678901", draft=DRAFT)
        assert fields(refused.value) == ["phone"]


class TestStates:
    @given(STATES, STATES)
    def test_an_application_moves_by_its_table_and_no_other_way(
        self, state: ApplicationState, to: ApplicationState
    ) -> None:
        if to in APPLICATION_MOVES[state]:
            assert moved(state, to) is to
        else:
            with pytest.raises(ApplicationNotOpen):
                moved(state, to)

    def test_a_decided_application_is_decided_for_good(self) -> None:
        assert not APPLICATION_MOVES[ApplicationState.APPROVED] | APPLICATION_MOVES[ApplicationState.REJECTED]

    @given(STATES)
    def test_only_the_applicants_own_hands_change_it(self, state: ApplicationState) -> None:
        if state in (ApplicationState.DRAFT, ApplicationState.MORE_NEEDED):
            require_editable(state)
        else:
            with pytest.raises(ApplicationNotOpen):
                require_editable(state)

    @given(st.sampled_from(CredentialState), st.sampled_from(CredentialState))
    def test_a_certificate_moves_by_its_table(self, state: CredentialState, to: CredentialState) -> None:
        if to in CREDENTIAL_MOVES[state]:
            assert credential_moved(state, to) is to
        else:
            with pytest.raises(CredentialDecided):
                credential_moved(state, to)


class TestReapplying:
    def test_who_was_never_rejected_may_apply(self) -> None:
        check_reapply(None, now=NOW, policy=POLICY)

    @given(st.integers(0, 60 * 86_400))
    def test_after_a_rejection_the_cool_down_is_waited_for(self, waited_s: int) -> None:
        rejected_at = NOW - timedelta(seconds=waited_s)
        if waited_s >= POLICY.reapply_after_days * 86_400:
            check_reapply(rejected_at, now=NOW, policy=POLICY)
        else:
            with pytest.raises(TooSoon) as refused:
                check_reapply(rejected_at, now=NOW, policy=POLICY)
            told = datetime.fromisoformat(str(refused.value.members["reapply_from"]))
            assert (told, told.utcoffset()) == (rejected_at + timedelta(days=30), timedelta(hours=8))


class TestReadiness:
    def test_the_required_certificates_are_enough(self) -> None:
        check_ready(dict.fromkeys(REQUIRED_CREDENTIALS, CredentialState.PENDING), id_card_matches=True)

    def test_each_missing_one_is_named(self) -> None:
        with pytest.raises(ApplicationIncomplete) as refused:
            check_ready({CredentialKind.ID_CARD: CredentialState.PENDING}, id_card_matches=True)
        assert fields(refused.value) == ["credentials.companion_training", "credentials.health_certificate"]

    def test_a_refused_one_must_be_uploaded_again(self) -> None:
        held = dict.fromkeys(REQUIRED_CREDENTIALS, CredentialState.VERIFIED)
        with pytest.raises(ApplicationIncomplete) as refused:
            check_ready({**held, CredentialKind.FIRST_AID: CredentialState.REFUSED}, id_card_matches=True)
        assert fields(refused.value) == ["credentials.first_aid"]

    def test_the_identity_card_is_the_applicants(self) -> None:
        with pytest.raises(ApplicationIncomplete) as refused:
            check_ready(dict.fromkeys(REQUIRED_CREDENTIALS, CredentialState.PENDING), id_card_matches=False)
        assert fields(refused.value) == ["credentials.id_card"]


def called(outcome: PhoneOutcome, minutes: int) -> PhoneCheck:
    return PhoneCheck(at=NOW + timedelta(minutes=minutes), by="stf_1", outcome=outcome, note="")


class TestPhoneCheck:
    def test_the_last_call_since_the_submission_confirms(self) -> None:
        calls = [called(PhoneOutcome.UNREACHABLE, 1), called(PhoneOutcome.CONFIRMED, 2)]
        check_phone(calls, submitted_at=NOW)

    @pytest.mark.parametrize(
        "calls",
        [
            [],
            [called(PhoneOutcome.CONFIRMED, -1)],
            [called(PhoneOutcome.UNREACHABLE, 1)],
            [called(PhoneOutcome.CONFIRMED, 1), called(PhoneOutcome.MISMATCH, 2)],
        ],
        ids=["none", "before the submission", "not reached", "then contradicted"],
    )
    def test_anything_else_does_not(self, calls: list[PhoneCheck]) -> None:
        with pytest.raises(PhoneCheckMissing):
            check_phone(calls, submitted_at=NOW)

    def test_calls_are_kept_up_to_a_number(self) -> None:
        calls: tuple[PhoneCheck, ...] = ()
        for minute in range(MAX_PHONE_CHECKS):
            calls = with_phone_check(calls, called(PhoneOutcome.UNREACHABLE, minute))
        with pytest.raises(TooManyPhoneChecks):
            with_phone_check(calls, called(PhoneOutcome.CONFIRMED, 99))


class TestParticulars:
    @pytest.mark.parametrize(
        ("number", "expires_on", "field"),
        [
            ("<b>1</b>", date(2027, 1, 1), "number"),
            ("JK1", date(2027, 1, 1), "number"),
            ("JK202600001", TODAY + timedelta(days=29), "expires_on"),
            ("JK202600001", WITHOUT_END + timedelta(days=1), "expires_on"),
        ],
    )
    def test_what_cannot_be_right_is_refused(self, number: str, expires_on: date, field: str) -> None:
        with pytest.raises(CredentialInvalid) as refused:
            check_particulars(number=number, expires_on=expires_on, today=TODAY, min_validity_days=30)
        assert fields(refused.value) == [field]

    @given(st.text("0123456789ABCX", min_size=4, max_size=40), st.sampled_from(CredentialKind))
    def test_a_mask_keeps_the_length_and_hides_at_least_half(self, number: str, kind: CredentialKind) -> None:
        shown = masked(kind, number)
        assert len(shown) == len(number)
        assert shown.count("*") >= len(number) / 2


class TestExpiry:
    @given(DAYS, DAYS)
    def test_a_warning_is_given_once_and_only_ahead(self, expires_on: date, today: date) -> None:
        due = warning_due(expires_on, today=today, warn_days=WARN_DAYS, warned=None)
        left = (expires_on - today).days
        assert (due is not None) == (0 <= left <= 30)
        if due is not None:
            assert left <= due
            assert warning_due(expires_on, today=today, warn_days=WARN_DAYS, warned=due) is None

    def test_thirty_seven_and_one_days_ahead(self) -> None:
        warned, told = None, []
        for left in range(40, -5, -1):
            due = warning_due(TODAY + timedelta(days=left), today=TODAY, warn_days=WARN_DAYS, warned=warned)
            if due is not None:
                warned = due
                told.append(left)
        assert told == [30, 7, 1]

    @given(st.lists(DAYS, min_size=1, max_size=5), DAYS)
    def test_looking_when_told_to_misses_nothing(self, ends: list[date], today: date) -> None:
        days = {end - timedelta(days=each) for end in ends for each in (30, 7, 1, -1)}
        seen, day = set(), next_check(ends, today=today, warn_days=WARN_DAYS)
        while day is not None:
            seen.add(day)
            day = next_check(ends, today=day, warn_days=WARN_DAYS)
        assert seen >= {each for each in days if each > today}
        assert all(each > today for each in seen)
