"""Who may work, and what may be shown of them."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.booking.rules.conditions import ConditionType
from functions.companions.rules import (
    REQUIRED_CREDENTIALS,
    TRANSITIONS,
    CompanionState,
    Credential,
    CredentialKind,
    CredentialsMissing,
    Gender,
    IllegalTransition,
    Profile,
    ProfileInvalid,
    Service,
    Tier,
    certify,
    checked,
    move,
)

TODAY = date(2026, 3, 2)


def credential(
    kind: CredentialKind, *, expires_on: date = date(2027, 1, 1), verified_by: str | None = "stf_1"
) -> Credential:
    return Credential(kind, "11******", "北京市", expires_on, verified_by)


PROFILE = Profile(
    companion_id="acc_1",
    name="林玉兰",
    city="110000",
    gender=Gender.FEMALE,
    birth_year=1969,
    tier=Tier.SENIOR,
    languages=("mandarin",),
    serves=(Service("hos_pumch", ("oncology",)),),
    rating_hundredths=491,
    completed_visits=10,
    cases_by_department={"oncology": 10},
    intro="耐心",
    credentials=tuple(credential(kind) for kind in CredentialKind),
    state=CompanionState.ACTIVE,
)

credentials = st.builds(
    credential,
    st.sampled_from(CredentialKind),
    expires_on=st.dates(date(2026, 2, 1), date(2026, 4, 1)),
    verified_by=st.sampled_from([None, "stf_1"]),
)


class TestStates:
    @given(st.sampled_from(CompanionState), st.sampled_from(CompanionState))
    def test_only_the_tables_moves_are_possible(self, state: CompanionState, to: CompanionState) -> None:
        if to in TRANSITIONS[state]:
            assert move(state, to) is to
        else:
            with pytest.raises(IllegalTransition):
                move(state, to)

    def test_the_table_is_closed_and_nobody_goes_back_to_applying(self) -> None:
        assert set(TRANSITIONS) == set(CompanionState)
        assert all(CompanionState.APPLIED not in targets for targets in TRANSITIONS.values())

    def test_every_state_is_reached_from_applying(self) -> None:
        reached, todo = set(), [CompanionState.APPLIED]
        while todo:
            state = todo.pop()
            reached.add(state)
            todo += TRANSITIONS[state] - reached
        assert reached == set(CompanionState)

    @given(st.lists(credentials, max_size=6))
    def test_certification_takes_exactly_the_verified_required_credentials(self, held: list[Credential]) -> None:
        verified = {c.kind for c in held if c.verified_by and c.expires_on >= TODAY}
        if verified >= REQUIRED_CREDENTIALS:
            assert certify(CompanionState.APPLIED, held, TODAY) is CompanionState.CERTIFIED
        else:
            with pytest.raises(CredentialsMissing) as refused:
                certify(CompanionState.APPLIED, held, TODAY)
            named = {error.field for error in refused.value.errors}
            assert named == {f"credentials.{kind}" for kind in REQUIRED_CREDENTIALS - verified}


class TestCredentials:
    @given(st.lists(credentials, max_size=6), st.integers(-40, 40))
    def test_what_is_shown_is_verified_and_in_date(self, held: list[Credential], days: int) -> None:
        day = TODAY + timedelta(days=days)
        for shown in replace(PROFILE, credentials=tuple(held)).verified_credentials(day):
            assert shown.verified_by is not None
            assert day <= shown.expires_on

    def test_the_last_day_still_counts(self) -> None:
        first_aid = credential(CredentialKind.FIRST_AID, expires_on=TODAY)
        profile = replace(PROFILE, credentials=(first_aid,))
        assert profile.is_first_aid_certified(TODAY)
        assert not profile.is_first_aid_certified(TODAY + timedelta(days=1))


class TestProfiles:
    @pytest.mark.parametrize(
        ("changed", "field"),
        [
            ({"rating_hundredths": 501}, "rating_hundredths"),
            ({"rating_hundredths": 0}, "rating_hundredths"),
            ({"completed_visits": -1, "cases_by_department": {}}, "completed_visits"),
            ({"cases_by_department": {"oncology": 11}}, "cases_by_department"),
            ({"cases_by_department": {"oncology": 0}}, "cases_by_department"),
            ({"serves": ()}, "serves"),
            ({"serves": (Service("hos_pumch", ()),)}, "serves"),
            ({"languages": ()}, "languages"),
            ({"specialties": (ConditionType.DIALYSIS,) * 2}, "specialties"),
            ({"specialties": tuple(ConditionType)}, "specialties"),
            ({"credentials": (credential(CredentialKind.ID_CARD),) * 2}, "credentials"),
        ],
    )
    def test_numbers_that_cannot_be_true_are_refused(self, changed: dict[str, object], field: str) -> None:
        with pytest.raises(ProfileInvalid) as refused:
            checked(replace(PROFILE, **changed))  # type: ignore[arg-type]
        assert [error.field for error in refused.value.errors] == [field]

    def test_who_was_never_rated_is_fine(self) -> None:
        newcomer = replace(PROFILE, rating_hundredths=None, completed_visits=0, cases_by_department={})
        assert checked(newcomer) is newcomer
