"""Versions and scopes, prices with their surcharges, gaps and unreachable steps, without a store."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.booking.actions.catalogue import package_entries, process_template, scoped_entry
from functions.booking.rules import catalogue, pricing, processes, surcharges, versions
from functions.booking.rules.catalogue import Catalogue, Kind, VersionOverlap
from functions.booking.rules.itinerary import CheckIn, Milestone, ProcessTemplate
from functions.booking.rules.pricing import (
    CityTier,
    Insurance,
    LineItem,
    LineKind,
    Overtime,
    Package,
    PackagePrice,
    SpecialRequest,
)
from functions.booking.rules.surcharges import DayOverrides, OffHours, Surcharges
from functions.booking.rules.versions import Place, Scope, Version, resolve
from functions.shared.clock import CHINA
from functions.shared.errors import Invalid
from infra.local.seeding import CATALOGUE
from tests.harness.seeds import seeded

TODAY = date(2026, 3, 2)
WEDNESDAY_9 = datetime(2026, 3, 4, 9, 0, tzinfo=CHINA)
PLACE = Place(CityTier.FIRST, "110000", "hos_first")
INSURANCE = Insurance("anxin_visit", "诊伴安心险", 500)
SCOPES = (
    Scope(),
    Scope(package_id="deep"),
    Scope(city_tier=CityTier.FIRST),
    Scope(city_tier=CityTier.FIRST, package_id="deep"),
    Scope(city="110000"),
    Scope(city="110000", package_id="deep"),
    Scope(hospital_id="hos_first"),
    Scope(hospital_id="hos_first", package_id="deep"),
)
"""The less specific first."""
ELSEWHERE = (Scope(city_tier=CityTier.SECOND), Scope(city="310000"), Scope(hospital_id="hos_other"))
days = st.integers(0, 20).map(lambda ahead: TODAY + timedelta(days=ahead))


def price_of(scope: Scope, price_fen: int | None, *, on: date = TODAY, item_id: str = "deep") -> Version[PackagePrice]:
    content = PackagePrice(price_fen) if price_fen else None
    return Version(f"{scope.shelf}-{scope.package_id}-{on}", item_id, scope, on, content)


@st.composite
def timelines(draw: st.DrawFn) -> list[Version[PackagePrice]]:
    """Published versions of one item, no two of one scope on one day."""
    where = st.tuples(st.sampled_from(SCOPES + ELSEWHERE), days)
    begun = draw(st.lists(where, max_size=15, unique=True))
    return [price_of(scope, draw(st.none() | st.integers(1, 9_999)), on=on) for scope, on in begun]


@pytest.mark.feature("F29")
class TestWhichVersionWins:
    @pytest.mark.parametrize("level", range(1, len(SCOPES)))
    def test_the_most_specific_scope(self, level: int) -> None:
        said = [price_of(scope, 100 + number) for number, scope in enumerate(SCOPES[: level + 1])]
        for versions_ in (said, said[::-1]):
            won = resolve(versions_, "deep", place=PLACE, package_id="deep", on=TODAY)
            assert won and won.content.price_fen == 100 + level

    def test_what_holds_elsewhere_or_for_another_package_does_not_count(self) -> None:
        said = [price_of(scope, 1) for scope in (*ELSEWHERE, Scope(package_id="basic"))]
        assert resolve(said, "deep", place=PLACE, package_id="deep", on=TODAY) is None

    def test_the_next_version_of_a_scope_ends_the_one_before(self) -> None:
        said = [price_of(Scope(), 100), price_of(Scope(), 200, on=TODAY + timedelta(days=3))]
        for ahead, expected in ((0, 100), (2, 100), (3, 200), (9, 200)):
            won = resolve(said, "deep", place=PLACE, on=TODAY + timedelta(days=ahead))
            assert won and won.content.price_fen == expected
        assert resolve(said, "deep", place=PLACE, on=TODAY - timedelta(days=1)) is None

    def test_a_scope_that_ends_lets_the_wider_one_speak(self) -> None:
        city = Scope(city="110000")
        said = [price_of(Scope(), 100), price_of(city, 300), price_of(city, None, on=TODAY + timedelta(days=3))]
        found = [resolve(said, "deep", place=PLACE, on=TODAY + timedelta(days=ahead)) for ahead in (0, 3)]
        assert [won and won.content.price_fen for won in found] == [300, 100]

    @given(said=timelines(), on=days, data=st.data())
    def test_the_order_in_which_versions_were_written_does_not_matter(
        self, said: list[Version[PackagePrice]], on: date, data: st.DataObject
    ) -> None:
        won = resolve(said, "deep", place=PLACE, package_id="deep", on=on)
        shuffled = data.draw(st.permutations(said))
        assert resolve(shuffled, "deep", place=PLACE, package_id="deep", on=on) == won
        begun = [each for each in said if each.effective_from <= on and each.scope in SCOPES]
        speaking = {
            scope
            for scope in SCOPES
            if (own := [each for each in begun if each.scope == scope])
            and max(own, key=lambda each: each.effective_from).content is not None
        }
        assert (won.scope if won else None) == max(speaking, key=SCOPES.index, default=None)

    @given(said=timelines(), today=days, later=st.integers(0, 9))
    def test_clearing_the_past_changes_nothing_from_today_on(
        self, said: list[Version[PackagePrice]], today: date, later: int
    ) -> None:
        on = today + timedelta(days=later)
        kept = versions.without_past(said, today)
        assert resolve(kept, "deep", place=PLACE, package_id="deep", on=on) == resolve(
            said, "deep", place=PLACE, package_id="deep", on=on
        )
        assert all(each.effective_from > today for each in kept if kept.count(each) > 1)

    def test_a_scope_names_one_place(self) -> None:
        with pytest.raises(ValueError, match="not several"):
            Scope(city="110000", hospital_id="hos_first")


# prices --------------------------------------------------------------------------------------------------------------
def package(*, included: frozenset[str] = frozenset(), minutes: int = 240) -> Package:
    return Package("deep", "深度陪诊", "", minutes, (), included, "deep_visit")


def steps(end_min: int = 240) -> tuple[Milestone, ...]:
    return (
        Milestone("departed", "出发", CheckIn.NONE, -60, 45, required=True),
        Milestone("arrived", "到达", CheckIn.GEOFENCE, -15, 15, required=True),
        Milestone("waiting", "候诊", CheckIn.NONE, 0, 30, required=False),
        Milestone("ended", "结束", CheckIn.GEOFENCE, end_min, 0, required=True),
    )


def stocked(*, price_fen: int = 32_000, said: Package | None = None, rule: Surcharges | None = None) -> Catalogue:
    """A complete catalogue of one package, everything said everywhere."""
    requests = (SpecialRequest("wheelchair", "轮椅", "", 0), SpecialRequest("ticket", "代取号", "", 3_000))
    return Catalogue(
        packages=(Version("ver_package", "deep", Scope(), TODAY, said or package()),),
        prices=(price_of(Scope(), price_fen),),
        special_requests=tuple(Version(f"ver_{each.id}", each.id, Scope(), TODAY, each) for each in requests),
        processes=(Version("ver_p", "deep_visit", Scope(), TODAY, ProcessTemplate("deep_visit", "深度", steps())),),
        surcharges=(Version("ver_s", "surcharges", Scope(), TODAY, rule),) if rule else (),
    )


def priced(
    here: Catalogue,
    *requests: str,
    starts_at: datetime = WEDNESDAY_9,
    insurance: Insurance | None = None,
) -> pricing.Price:
    on = starts_at.astimezone(CHINA).date()
    offer = catalogue.offering(here, "deep", place=PLACE, on=on)
    said = [catalogue.special_request(here, id_, place=PLACE, package_id="deep", on=on) for id_ in requests]
    assert offer and all(said)
    return catalogue.quoted(offer, [each for each in said if each], starts_at=starts_at, insurance=insurance)


@pytest.mark.feature("F3")
@pytest.mark.feature("F4")
class TestPrice:
    def test_every_line_is_named_with_its_version_and_the_total_is_their_sum(self) -> None:
        quoted = priced(stocked(), "wheelchair", "ticket", insurance=INSURANCE)
        lines = [(item.kind.value, item.code, item.amount_fen, item.version_id) for item in quoted.items]
        assert lines == [
            ("package", "deep", 32_000, f"all-None-{TODAY}"),
            ("special_request", "wheelchair", 0, "ver_wheelchair"),
            ("special_request", "ticket", 3_000, "ver_ticket"),
            ("insurance", "anxin_visit", 500, ""),
        ]
        assert (quoted.total_fen, quoted.gross_fen, quoted.premium_fen) == (35_500, 35_500, 500)

    def test_what_the_package_includes_costs_nothing_more(self) -> None:
        here = stocked(said=package(included=frozenset({"ticket"})))
        assert priced(here, "ticket").total_fen == 32_000

    @given(
        first=st.integers(1, 1_000_000),
        weekend_bp=st.integers(0, 10_000),
        unit_fen=st.integers(1, 10_000),
        hour=st.integers(0, 23),
        ahead=st.integers(0, 400),
    )
    def test_the_total_is_always_the_sum_of_lines_that_are_not_negative(
        self, first: int, weekend_bp: int, unit_fen: int, hour: int, ahead: int
    ) -> None:
        rule = Surcharges(OffHours(420, 1_200, 30, unit_fen), weekend_bp, weekend_bp)
        starts_at = (WEDNESDAY_9 + timedelta(days=ahead)).replace(hour=hour)
        quoted = priced(stocked(price_fen=first, rule=rule), "ticket", starts_at=starts_at, insurance=INSURANCE)
        assert quoted.total_fen == sum(item.amount_fen for item in quoted.items)
        assert min(item.amount_fen for item in quoted.items) >= 0
        assert quoted.total_fen <= first * 2 + 8 * unit_fen + 3_500

    def test_only_a_discount_is_negative(self) -> None:
        with pytest.raises(ValueError, match="discount"):
            pricing.price([LineItem(LineKind.SURCHARGE, "x", "x", -1)], insurance=None)

    @pytest.mark.parametrize("bad", [0, -1])
    def test_a_package_has_a_positive_price(self, bad: int) -> None:
        with pytest.raises(ValueError, match="positive price"):
            PackagePrice(bad)

    @pytest.mark.parametrize("minutes", [0, 12 * 60 + 1])
    def test_a_visit_takes_at_most_twelve_hours(self, minutes: int) -> None:
        with pytest.raises(ValueError, match="duration_min"):
            package(minutes=minutes)

    def test_a_price_is_never_a_float(self) -> None:
        with pytest.raises(TypeError):
            SpecialRequest("x", "x", "", 1.5)  # type: ignore[arg-type]


@pytest.mark.feature("F29")
class TestSurcharges:
    RULE = Surcharges(OffHours(420, 1_200, 30, 1_500), weekend_bp=1_000, holiday_bp=3_000)

    def lines(
        self, text: str, *, hours: float = 4, rule: Surcharges = RULE, **overrides: tuple[date, ...]
    ) -> list[str]:
        starts_at = datetime.fromisoformat(f"{text}+08:00")
        found = surcharges.lines(
            rule,
            package_fen=32_000,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(hours=hours),
            overrides=DayOverrides(**overrides),
        )
        return [f"{line.code} {line.amount_fen}" for line in found]

    @pytest.mark.parametrize(
        ("starts_at", "expected"),
        [
            ("2026-03-04T07:00", []),
            ("2026-03-04T16:00", []),
            ("2026-03-04T06:30", ["off_hours 1500"]),
            ("2026-03-04T06:31", ["off_hours 1500"]),
            ("2026-03-04T16:01", ["off_hours 1500"]),
            ("2026-03-04T17:30", ["off_hours 4500"]),
            ("2026-03-04T22:00", ["off_hours 12000"]),
            ("2026-03-05T04:00", ["off_hours 9000"]),
            ("2026-03-07T09:00", ["weekend 3200"]),  # Saturday
            ("2026-02-28T09:00", []),  # a Saturday that is worked for the Spring Festival
            ("2026-10-01T09:00", ["holiday 9600"]),
            ("2026-10-01T18:00", ["off_hours 6000", "holiday 9600"]),
            ("2026-10-03T09:00", ["holiday 9600"]),  # a Saturday in the holiday: not both
        ],
    )
    def test_hours_and_days_that_cost_more(self, starts_at: str, expected: list[str]) -> None:
        assert self.lines(starts_at) == expected

    def test_a_night_is_counted_across_midnight(self) -> None:
        assert self.lines("2026-03-04T19:00", hours=12.5) == ["off_hours 33000"]  # 20:00 to 07:00

    def test_the_operator_knows_better_than_the_calendar(self) -> None:
        assert self.lines("2026-10-01T09:00", working_days=(date(2026, 10, 1),)) == []
        assert self.lines("2026-03-04T09:00", holidays=(date(2026, 3, 4),)) == ["holiday 9600"]

    @given(minute=st.integers(0, 1_439), minutes=st.integers(1, 720))
    def test_off_hours_are_never_longer_than_the_visit(self, minute: int, minutes: int) -> None:
        rule = Surcharges(OffHours(420, 1_200, 1, 1))
        starts_at = datetime(2026, 3, 4, tzinfo=CHINA) + timedelta(minutes=minute)
        found = surcharges.lines(
            rule,
            package_fen=1,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(minutes=minutes),
            overrides=DayOverrides(),
        )
        outside = sum(not 420 <= (minute + each) % 1_440 < 1_200 for each in range(minutes))
        assert sum(line.amount_fen for line in found) == outside

    @pytest.mark.parametrize(
        ("over_min", "expected"), [(-30, 0), (0, 0), (15, 0), (15.5, 2_500), (45, 2_500), (46, 5_000)]
    )
    def test_overtime_is_counted_in_begun_units_after_the_free_minutes(self, over_min: float, expected: int) -> None:
        ended_at = WEDNESDAY_9 + timedelta(minutes=over_min)
        assert surcharges.overtime_fen(Overtime(15, 30, 2_500), planned_end=WEDNESDAY_9, ended_at=ended_at) == expected
        assert surcharges.overtime_fen(None, planned_end=WEDNESDAY_9, ended_at=ended_at) == 0

    @pytest.mark.parametrize(
        "bad",
        [
            lambda: OffHours(600, 600, 30, 1),
            lambda: OffHours(420, 1_441, 30, 1),
            lambda: OffHours(420, 1_200, 0, 1),
            lambda: Surcharges(weekend_bp=-1),
            lambda: Surcharges(holiday_bp=10_001),
            lambda: Overtime(0, 30, 0),
            lambda: Overtime(-1, 30, 1),
        ],
        ids=range(7),
    )
    def test_rules_that_make_no_sense(self, bad: object) -> None:
        with pytest.raises(ValueError):
            bad()  # type: ignore[operator]


# what keeps a version from going live --------------------------------------------------------------------------------
TIERS = tuple(Place(tier) for tier in CityTier)


def found(here: Catalogue, *, places: tuple[Place, ...] = TIERS) -> list[tuple[str, date]]:
    each = catalogue.findings(here, places=places, today=TODAY)
    assert all(finding.message for finding in each)
    return sorted({(finding.field, finding.on) for finding in each})


@pytest.mark.feature("F29")
class TestFindings:
    SOON = TODAY + timedelta(days=5)

    def test_a_complete_catalogue_has_none(self) -> None:
        assert found(stocked(), places=(*TIERS, PLACE)) == []

    def test_an_empty_catalogue_offers_nothing(self) -> None:
        assert found(Catalogue()) == [("package", TODAY)]

    def test_a_tier_without_a_price(self) -> None:
        only_first = (price_of(Scope(city_tier=CityTier.FIRST), 1),)
        assert found(replace(stocked(), prices=only_first)) == [("price.deep", TODAY)]

    def test_a_price_that_ends_one_day(self) -> None:
        here = stocked().with_version(Kind.PRICE, price_of(Scope(), None, on=self.SOON))
        assert found(here) == [("price.deep", self.SOON)]

    def test_a_process_that_is_missing_or_longer_than_the_visit(self) -> None:
        assert found(replace(stocked(), processes=())) == [("process.deep_visit", TODAY)]
        longer = ProcessTemplate("deep_visit", "深度", steps(end_min=241))
        here = stocked().with_version(Kind.PROCESS, Version("ver_l", "deep_visit", Scope(), self.SOON, longer))
        assert found(here) == [("process.deep_visit", self.SOON)]

    def test_an_included_special_request_that_does_not_exist(self) -> None:
        assert found(stocked(said=package(included=frozenset({"magic"})))) == [("special_request.magic", TODAY)]

    def test_a_version_for_a_package_that_does_not_exist(self) -> None:
        here = stocked().with_version(Kind.PRICE, price_of(Scope(), 1, item_id="gold"))
        assert found(here) == [("price.gold", TODAY)]

    def test_a_hospital_is_checked_with_what_holds_only_there(self) -> None:
        there = Scope(hospital_id="hos_first")
        longer = ProcessTemplate("deep_visit", "深度", steps(end_min=300))
        here = stocked().with_version(Kind.PROCESS, Version("ver_h", "deep_visit", there, self.SOON, longer))
        assert found(here) == []
        assert found(here, places=(PLACE,)) == [("process.deep_visit", self.SOON)]

    def test_two_versions_of_one_scope_on_one_day(self) -> None:
        here, again = stocked(), replace(price_of(Scope(), 2), version_id="ver_again")
        with pytest.raises(VersionOverlap):
            catalogue.check_overlap(here, Kind.PRICE, again)
        catalogue.check_overlap(here, Kind.PRICE, again, instead_of=here.prices[0].version_id)
        for free in (
            replace(again, effective_from=self.SOON),
            replace(again, scope=Scope(city="110000")),
            replace(again, item_id="basic"),
        ):
            catalogue.check_overlap(here, Kind.PRICE, free)

    @pytest.mark.parametrize(
        ("kind", "item_id", "scope", "allowed"),
        [
            (Kind.PROCESS, "deep_visit", Scope(hospital_id="hos_first", package_id="deep"), True),
            (Kind.SURCHARGES, "surcharges", Scope(package_id="deep"), True),
            (Kind.SURCHARGES, "mine", Scope(), False),
            (Kind.HOLIDAYS, "holidays", Scope(), True),
            (Kind.HOLIDAYS, "holidays", Scope(city="110000"), False),
            (Kind.PRICE, "deep", Scope(package_id="deep"), False),
            (Kind.PACKAGE, "deep", Scope(package_id="deep"), False),
        ],
    )
    def test_which_scopes_a_kind_may_have(self, kind: Kind, item_id: str, scope: Scope, allowed: bool) -> None:
        if allowed:
            catalogue.check_scope(kind, item_id, scope)
        else:
            with pytest.raises(Invalid):
                catalogue.check_scope(kind, item_id, scope)


@pytest.mark.feature("F29")
class TestSteps:
    @pytest.mark.parametrize(
        ("number", "changed", "fields"),
        [
            (0, {"code": "left"}, ["milestones[0].code"]),
            (1, {"required": False}, ["milestones[1].required"]),
            (3, {"code": "finished"}, ["milestones[3].code"]),
            (3, {"duration_min": 5}, ["milestones[3].duration_min"]),
            (2, {"code": "arrived"}, ["milestones[2].code"]),
            (2, {"offset_min": -20}, ["milestones[2].offset_min"]),
            (2, {"offset_min": 300}, ["milestones[3].offset_min"]),
            (2, {"duration_min": 241}, ["milestones[2].duration_min"]),
            (2, {}, []),
        ],
    )
    def test_ends_are_fixed_and_every_step_can_be_reached(
        self, number: int, changed: dict[str, object], fields: list[str]
    ) -> None:
        told = list(steps())
        told[number] = replace(told[number], **changed)  # type: ignore[arg-type]
        assert [fault.field for fault in processes.faults(told)] == fields

    def test_three_steps_are_the_least(self) -> None:
        assert [fault.field for fault in processes.faults(steps()[:2])] == ["milestones"]


def seeded_catalogue() -> Catalogue:
    """The seed's catalogue, in effect since today."""
    said = {name: seeded(name) for name in CATALOGUE}
    entries = [entry for row in said["packages"] for entry in package_entries(**row)]
    here = Catalogue()
    for row in said["special_requests"]:
        here = here.with_version(
            Kind.SPECIAL_REQUEST, Version(row["id"], row["id"], Scope(), TODAY, SpecialRequest(**row))
        )
    for row in said["process_templates"]:
        template = process_template(**row)
        here = here.with_version(Kind.PROCESS, Version(row["id"], row["id"], Scope(), TODAY, template))
    for number, entry in enumerate([*entries, *(scoped_entry(**row) for row in said["catalogue_versions"])]):
        version = Version(f"ver_{number}", entry.item_id, entry.scope, TODAY, entry.content)
        here = here.with_version(entry.kind, version)
    return here


@pytest.mark.feature("F29")
class TestSeed:
    def test_it_would_pass_every_check(self) -> None:
        here = seeded_catalogue()
        sysucc = Place(CityTier.FIRST, "440100", "hos_sysucc")
        assert found(here, places=(*TIERS, Place(CityTier.SECOND, "420100"), sysucc)) == []
        for _, version in here.every():
            if isinstance(version.content, ProcessTemplate):
                assert processes.faults(version.content.milestones) == []

    def test_every_process_is_the_one_of_a_package(self) -> None:
        here = seeded_catalogue()
        offered = catalogue.offered(here, place=Place(CityTier.FIRST), on=TODAY)
        assert {offer.process.content.id for offer in offered} == {each.item_id for each in here.processes}
        assert len(here.special_requests) - 1 == 10  # one of them costs less with a package

    def test_a_hospital_may_have_a_step_more(self) -> None:
        here, sysucc = seeded_catalogue(), Place(CityTier.FIRST, "440100", "hos_sysucc")
        codes = {}
        for place in (sysucc, PLACE):
            offer = catalogue.offering(here, "deep", place=place, on=TODAY)
            assert offer is not None
            codes[place] = {step.code for step in offer.process.content.milestones}
        assert codes[sysucc] - codes[PLACE] == {"nucleic_acid_reminded"}
