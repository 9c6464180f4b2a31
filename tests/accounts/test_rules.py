"""Pure rules: masks give nothing away, identity numbers check, ages, refreshing, guests, texts."""

from datetime import UTC, date, datetime, timedelta
from string import ascii_letters

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.accounts.rules import consents, guests, identity, notices, patients, sessions
from functions.accounts.rules.consents import ConsentMissing, ConsentPurpose
from functions.accounts.rules.guests import GuestAccess, GuestAccessEnded, GuestTokenInvalid, Scope, ScopeNotGranted
from functions.accounts.rules.identity import Gender, Relation
from functions.accounts.rules.notices import Audience, NoticeTemplate, TemplateInvalid
from functions.accounts.rules.patients import Guardian, PatientFacts, PatientInvalid
from functions.accounts.rules.policy import Policy
from functions.accounts.rules.sessions import Refresh, RefreshState
from functions.shared.errors import NotFound

TODAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
POLICY = Policy()
KEY = b"k" * 32

names = st.text(st.sampled_from("王李张欧阳小明红伟·" + ascii_letters), min_size=1, max_size=40)
birth_dates = st.dates(date(1906, 3, 3), TODAY)


@st.composite
def id_numbers(draw: st.DrawFn) -> tuple[str, date, Gender]:
    born = draw(birth_dates)
    area = draw(st.sampled_from(sorted(identity._PROVINCES))) + draw(st.from_regex(r"[0-9]{4}", fullmatch=True))
    sequence = draw(st.integers(0, 999))
    first = f"{area}{born:%Y%m%d}{sequence:03d}"
    return first + identity.check_digit(first), born, Gender.MALE if sequence % 2 else Gender.FEMALE


class TestMasks:
    @given(names)
    def test_a_masked_name_has_the_same_length_and_hides_all_but_its_ends(self, name: str) -> None:
        masked = identity.mask_name(name)
        assert len(masked) == len(name)
        assert set(masked[1:-1]) <= {"*"}
        assert "*" in masked

    @pytest.mark.parametrize(
        ("name", "expected"), [("明", "*"), ("王明", "王*"), ("王小明", "王*明"), ("欧阳小明", "欧**明"), ("", "")]
    )
    def test_names_are_masked_as_people_expect(self, name: str, expected: str) -> None:
        assert identity.mask_name(name) == expected

    @given(id_numbers())
    def test_a_masked_identity_number_shows_neither_birth_date_nor_district(
        self, known: tuple[str, date, Gender]
    ) -> None:
        number, _, _ = known
        masked = identity.mask_id_number(number)
        assert (len(masked), masked[3:14]) == (18, "*" * 11)
        assert (masked[:3], masked[-4:]) == (number[:3], number[-4:])

    @given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True))
    def test_a_masked_phone_hides_its_middle(self, phone: str) -> None:
        assert identity.mask_phone(phone) == f"{phone[:3]}****{phone[7:]}"


class TestIdNumbers:
    @given(id_numbers())
    def test_a_number_with_the_right_check_digit_is_accepted(self, known: tuple[str, date, Gender]) -> None:
        number, born, gender = known
        assert identity.id_number_fault(number, birth_date=born, gender=gender) is None

    @given(id_numbers(), st.integers(0, 17), st.integers(1, 9))
    def test_one_wrong_digit_is_always_noticed(self, known: tuple[str, date, Gender], position: int, by: int) -> None:
        number, born, gender = known
        old = 10 if number[position] == "X" else int(number[position])
        wrong = "X" if position == 17 and (old + by) % 11 == 10 else str((old + by) % 10)
        altered = number[:position] + wrong + number[position + 1 :]
        assert altered == number or identity.id_number_fault(altered, birth_date=born, gender=gender) is not None

    @given(id_numbers(), st.integers(0, 16))
    def test_two_neighbours_swapped_are_always_noticed(self, known: tuple[str, date, Gender], at: int) -> None:
        number, born, gender = known
        swapped = number[:at] + number[at + 1] + number[at] + number[at + 2 :]
        assert swapped == number or identity.id_number_fault(swapped, birth_date=born, gender=gender) is not None

    def test_a_published_example_checks(self) -> None:
        # The example of GB 11643-1999 itself.
        assert (
            identity.id_number_fault("11010519491231002X", birth_date=date(1949, 12, 31), gender=Gender.FEMALE) is None
        )

    @pytest.mark.parametrize(
        ("number", "fault"),
        [
            ("110105194912310020", "身份证号校验位不对，请核对"),
            ("99010519491231002X", "身份证号格式不对，应为 18 位"),
            ("1101051949123100", "身份证号格式不对，应为 18 位"),
            ("１１010519491231002X", "身份证号格式不对，应为 18 位"),
        ],
    )
    def test_bad_numbers_are_told_apart(self, number: str, fault: str) -> None:
        assert identity.id_number_fault(number, birth_date=date(1949, 12, 31), gender=Gender.FEMALE) == fault

    def test_it_must_fit_the_birth_date_and_the_gender(self) -> None:
        number = "11010519491231002X"
        other_day = identity.id_number_fault(number, birth_date=date(1950, 1, 1), gender=Gender.FEMALE)
        other_gender = identity.id_number_fault(number, birth_date=date(1949, 12, 31), gender=Gender.MALE)
        assert (other_day, other_gender) == ("身份证号与出生日期不一致", "身份证号与性别不一致")


class TestAge:
    @given(birth_dates, st.integers(0, 40_000))
    def test_age_never_falls_and_grows_by_one_a_year(self, born: date, days: int) -> None:
        day = born + timedelta(days=days)
        assert identity.age_on(day, born=born) <= identity.age_on(day + timedelta(days=1), born=born)
        assert identity.age_on(day + timedelta(days=366), born=born) - identity.age_on(day, born=born) in (1, 2)

    def test_a_child_is_a_minor_until_the_fourteenth_birthday(self) -> None:
        born = date(2012, 3, 2)
        assert identity.is_minor(date(2026, 3, 1), born=born)
        assert not identity.is_minor(date(2026, 3, 2), born=born)

    def test_who_was_born_on_a_leap_day_turns_a_year_older_on_the_first_of_march(self) -> None:
        born = date(2004, 2, 29)
        assert [identity.age_on(date(2025, 2, 28), born=born), identity.age_on(date(2025, 3, 1), born=born)] == [20, 21]

    @pytest.mark.parametrize(
        ("born", "fault"),
        [
            (date(2026, 3, 3), "出生日期不能晚于今天"),
            (date(1905, 3, 1), "出生日期超过 120 年"),
            (date(2026, 3, 2), None),
            (date(1905, 3, 3), None),
        ],
    )
    def test_a_birth_date_is_today_at_the_latest_and_120_years_ago_at_the_earliest(
        self, born: date, fault: str | None
    ) -> None:
        assert identity.birth_date_fault(born, today=TODAY) == fault


class TestPatients:
    FACTS = PatientFacts("王明", date(1958, 3, 5), Gender.MALE, Relation.PARENT)

    @pytest.mark.parametrize("name", ["王明", "买买提·吐尔逊", "Anna-Lena O'Neil", "𠮷野"])
    def test_names_of_many_kinds_are_accepted(self, name: str) -> None:
        assert identity.name_fault(name) is None

    @pytest.mark.parametrize("name", ["", " 王明", "王明1", "···", "王\n明", "<b>王</b>", "王" * 41])
    def test_what_is_no_name_is_refused(self, name: str) -> None:
        assert identity.name_fault(name) is not None

    def test_every_fault_is_named_at_once(self) -> None:
        facts = PatientFacts(
            name="1",
            birth_date=date(2027, 1, 1),
            gender=Gender.MALE,
            relation=Relation.CHILD,
            phone="12345678901",
            id_number="1",
            guardian=Guardian("2", Relation.SELF, "3"),
        )
        with pytest.raises(PatientInvalid) as refused:
            patients.checked(facts, today=TODAY)
        fields = [error.field for error in refused.value.errors]
        expected = ["name", "birth_date", "phone", "id_number", "guardian.name", "guardian.phone", "guardian.relation"]
        assert fields == expected

    @given(st.sets(st.sampled_from(ConsentPurpose)), st.booleans(), st.booleans())
    def test_consents_suffice_exactly_when_all_required_are_given(
        self, given_: set[ConsentPurpose], minor: bool, has_guardian: bool
    ) -> None:
        enough = given_.issuperset(consents.required_for(minor=minor)) and (has_guardian or not minor)
        if enough:
            consents.check_given(given_, minor=minor, has_guardian=has_guardian)
        else:
            with pytest.raises(ConsentMissing):
                consents.check_given(given_, minor=minor, has_guardian=has_guardian)


class TestRefresh:
    def judge(self, presented: str, *, seen: bool = False, ago_s: int = 0, **changed: object) -> Refresh:
        state = RefreshState("now", "before", NOW - timedelta(seconds=ago_s), NOW + timedelta(days=1), False)
        state = RefreshState(**{**state.__dict__, **changed})
        return sessions.judge_refresh(state, presented, seen_before=seen, now=NOW, policy=POLICY)

    def test_the_current_token_rotates(self) -> None:
        assert self.judge("now") is Refresh.ROTATE

    @pytest.mark.parametrize(("ago_s", "expected"), [(0, Refresh.REPEAT), (10, Refresh.REPEAT), (11, Refresh.REVOKE)])
    def test_the_one_before_is_repeated_within_the_grace_and_revokes_after_it(
        self, ago_s: int, expected: Refresh
    ) -> None:
        assert self.judge("before", seen=True, ago_s=ago_s) is expected

    def test_an_older_one_revokes_at_once(self) -> None:
        assert self.judge("long ago", seen=True) is Refresh.REVOKE

    def test_a_guess_does_not_end_anybodys_session(self) -> None:
        assert self.judge("never was") is Refresh.REFUSE

    @given(st.sampled_from(["now", "before", "other"]), st.booleans())
    def test_an_ended_session_never_rotates(self, presented: str, seen: bool) -> None:
        assert self.judge(presented, seen=seen, revoked=True) is Refresh.REFUSE
        assert self.judge(presented, seen=seen, expires_at=NOW) is Refresh.REFUSE

    def test_the_successor_is_the_same_each_time_and_needs_the_key(self) -> None:
        first = sessions.successor_secret("secret", session_id="ses_1", key=KEY)
        assert first == sessions.successor_secret("secret", session_id="ses_1", key=KEY)
        others = {
            sessions.successor_secret("secret", session_id="ses_2", key=KEY),
            sessions.successor_secret("secret", session_id="ses_1", key=b"x" * 32),
            sessions.successor_secret("secret2", session_id="ses_1", key=KEY),
        }
        assert first not in others
        assert len(others) == 3

    @given(st.integers(0, 400))
    def test_a_session_never_outlives_its_longest_time(self, days: int) -> None:
        end = sessions.session_end(created_at=NOW, now=NOW + timedelta(days=days), policy=POLICY)
        assert end <= NOW + timedelta(days=POLICY.session_max_days)


class TestPasswords:
    def test_a_password_matches_its_own_hash_only(self) -> None:
        stored = sessions.password_hash("correct horse", b"s" * 16)
        assert sessions.password_matches("correct horse", stored)
        assert not sessions.password_matches("wrong horse", stored)
        assert not sessions.password_matches("anything", None)

    @given(st.integers(0, 10), st.integers(0, 2000))
    def test_a_name_is_locked_after_five_recent_failures(self, failures: int, ago_s: int) -> None:
        locked = sessions.is_locked(failures, NOW - timedelta(seconds=ago_s), now=NOW, policy=POLICY)
        assert locked is (failures >= 5 and ago_s < 900)

    @pytest.mark.parametrize(
        ("exp", "timely"),
        [(299, True), (300, True), (306, False), (-4, True), (-5, False), ("soon", False), (True, False)],
    )
    def test_an_assertion_lives_five_minutes_at_most(self, exp: object, timely: bool) -> None:
        now_s = 1_000_000
        expires = now_s + exp if type(exp) is int else exp
        assert sessions.assertion_is_timely(expires, now_s=now_s, policy=POLICY) is timely


class TestGuests:
    def access(self, **changed: object) -> GuestAccess:
        facts: dict[str, object] = {
            "guest_access_id": "gst_1",
            "order_id": "ord_1",
            "client_id": "acc_1",
            "label": "妹妹",
            "scopes": frozenset({Scope.PROGRESS}),
            "created_at": NOW,
            "expires_at": NOW + timedelta(hours=1),
            "revoked_at": None,
        }
        return GuestAccess(**{**facts, **changed})  # type: ignore[arg-type]

    def test_it_opens_what_was_granted_and_nothing_else(self) -> None:
        access = self.access()
        access.check_allows("progress", order_id="ord_1", now=NOW)
        with pytest.raises(ScopeNotGranted):
            access.check_allows("position", order_id="ord_1", now=NOW)
        with pytest.raises(NotFound):
            access.check_allows("progress", order_id="ord_2", now=NOW)

    def test_it_ends_on_the_second_and_when_revoked(self) -> None:
        with pytest.raises(GuestAccessEnded):
            self.access().check_open(NOW + timedelta(hours=1))
        with pytest.raises(GuestAccessEnded):
            self.access(revoked_at=NOW).check_open(NOW)

    @given(st.integers(0, 3_599))
    def test_a_guests_token_outlives_neither_the_access_nor_fifteen_minutes(self, later_s: int) -> None:
        now = NOW + timedelta(seconds=later_s)
        ends = self.access().token_ends_at(now, access_token_s=900)
        assert now < ends <= min(NOW + timedelta(hours=1), now + timedelta(minutes=15))

    @given(st.from_regex(r"gst_[0-9A-Z]{26}", fullmatch=True), st.integers(0, 70))
    def test_a_link_is_read_back_and_an_altered_one_is_refused(self, id_: str, position: int) -> None:
        token = guests.link_token(id_, KEY)
        assert guests.read_link_token(token, KEY) == id_
        position %= len(token)
        altered = token[:position] + ("A" if token[position] != "A" else "B") + token[position + 1 :]
        with pytest.raises(GuestTokenInvalid):
            guests.read_link_token(altered, KEY)

    def test_a_scene_fits_a_mini_code_and_is_not_part_of_the_link(self) -> None:
        scene = guests.scene("gst_1", KEY)
        assert len(scene) <= 32
        assert scene not in guests.link_token("gst_1", KEY)


class TestNotices:
    def test_a_template_says_what_it_needs(self) -> None:
        template = NoticeTemplate("x", Audience.CLIENT, "标题", "订单 {order_no}", {"amount2": "{amount_text}"})
        assert template.needs == {"order_no", "amount_text"}

    def test_title_and_body_can_be_told_to_wechat(self) -> None:
        template = NoticeTemplate("x", Audience.CLIENT, "标题", "订单 {order_no}")
        text = notices.render(template, {"order_no": "8"})
        assert (text.body, text.message) == ("订单 8", {"thing1": "标题", "thing2": "订单 8"})

    @pytest.mark.parametrize(
        "template",
        [
            NoticeTemplate("x", Audience.CLIENT, "标题", "{id_number}"),
            NoticeTemplate("x", Audience.CLIENT, "标题", "{order_no"),
            NoticeTemplate("x", Audience.COMPANION, "标题", "{patient_name_masked}"),
        ],
    )
    def test_a_template_that_asks_for_more_than_notices_tell_is_refused(self, template: NoticeTemplate) -> None:
        with pytest.raises(TemplateInvalid):
            notices.checked(template)

    @given(st.dictionaries(st.sampled_from(sorted(notices.PLACEHOLDERS)), st.text(max_size=20)))
    def test_facts_are_inserted_as_they_are_braces_included(self, facts: dict[str, str]) -> None:
        body = "".join(f"{{{name}}}" for name in facts)
        assert notices.render(NoticeTemplate("x", Audience.CLIENT, "t", body, {}), facts).body == "".join(
            facts.values()
        )
