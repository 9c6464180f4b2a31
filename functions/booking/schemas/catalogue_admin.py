"""What staff say of the catalogue: drafts, findings, previews and publications."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from functions.booking.actions.catalogue_admin import Asked, Item, Preview
from functions.booking.rules import processes
from functions.booking.rules.catalogue import CONTENT, Finding, Kind
from functions.booking.rules.itinerary import CheckIn, Milestone
from functions.booking.rules.pricing import MAX_VISIT_MIN, CityTier, LineKind
from functions.booking.rules.versions import Scope, Version
from functions.booking.schemas.common import Id, Instant, OvertimeView
from functions.booking.table.catalogue import VersionRow, VersionState
from functions.shared import clock
from functions.shared.errors import FieldError, Invalid
from functions.shared.http import Reading
from functions.shared.http.schemas import Body
from functions.shared.money import BP_WHOLE

Slug = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Title = Annotated[str, Meta(min_length=1, max_length=40, pattern=r"\S")]
Sentence = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"\S")]
Reason = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"\S", description="写进审计记录")]
Fen = Annotated[int, Meta(ge=0, le=10_000_000)]
PositiveFen = Annotated[int, Meta(ge=1, le=10_000_000)]
Bp = Annotated[int, Meta(ge=0, le=BP_WHOLE, description="万分之一，按套餐价计")]
_PER_DAY_MIN = 24 * 60


class ScopeBody(Body, frozen=True):
    """适用范围：城市档位、城市、医院最多填一个，都不填为全国；填了套餐则只对该套餐生效。最具体的范围优先。"""

    city_tier: CityTier | None = None
    city: Annotated[str, Meta(pattern=r"^\d{6}$")] | None = None
    hospital_id: Id | None = None
    package_id: Slug | None = None

    def scope(self) -> Scope:
        """Invalid if several places are named."""
        if sum(each is not None for each in (self.city_tier, self.city, self.hospital_id)) > 1:
            raise Invalid(errors=(FieldError("scope", "城市档位、城市、医院最多填一个"),))
        return Scope(self.city_tier, self.city, self.hospital_id, self.package_id)

    @classmethod
    def of(cls, scope: Scope) -> "ScopeBody":
        return cls(
            city_tier=scope.city_tier, city=scope.city, hospital_id=scope.hospital_id, package_id=scope.package_id
        )


class PackageContent(Body, frozen=True, tag_field="kind", tag="package"):
    """套餐的内容；价格另为一类。"""

    name: Title
    summary: Sentence
    duration_min: Annotated[int, Meta(ge=30, le=MAX_VISIT_MIN)]
    includes: Annotated[tuple[Sentence, ...], Meta(min_length=1, max_length=20)]
    included_special_requests: Annotated[tuple[Slug, ...], Meta(max_length=20)]
    process_template: Slug


class PriceContent(Body, frozen=True, tag_field="kind", tag="price"):
    """套餐在该范围的价格；编号即套餐编号。"""

    price_fen: PositiveFen


class SpecialRequestContent(Body, frozen=True, tag_field="kind", tag="special_request"):
    """一项定制需求；0 为免费。"""

    name: Title
    summary: Sentence
    price_fen: Fen


class MilestoneBody(Body, frozen=True):
    """一个节点；分钟相对就诊开始时间，之前为负。"""

    code: Slug
    title: Title
    check_in: CheckIn
    offset_min: Annotated[int, Meta(ge=-_PER_DAY_MIN, le=MAX_VISIT_MIN)]
    duration_min: Annotated[int, Meta(ge=0, le=MAX_VISIT_MIN)]
    required: bool


class ProcessContent(Body, frozen=True, tag_field="kind", tag="process"):
    """一套流程；首两个节点固定为 departed、arrived，末尾固定为 ended，中间各步不重叠。"""

    name: Title
    milestones: Annotated[tuple[MilestoneBody, ...], Meta(max_length=40)]


class OffHoursBody(Body, frozen=True):
    """非常规时段：每天 `day_begins_min` 之前、`day_ends_min` 之后，每 `unit_min` 分钟（不足按一个单位）加收。"""

    day_begins_min: Annotated[int, Meta(ge=0, le=_PER_DAY_MIN)]
    day_ends_min: Annotated[int, Meta(ge=0, le=_PER_DAY_MIN)]
    unit_min: Annotated[int, Meta(ge=1, le=_PER_DAY_MIN)]
    unit_fen: PositiveFen


class OvertimeBody(Body, frozen=True):
    """超时费率：免费 `free_min` 分钟后，每 `unit_min` 分钟（不足按一个单位）收 `unit_fen`。"""

    free_min: Annotated[int, Meta(ge=0, le=_PER_DAY_MIN)]
    unit_min: Annotated[int, Meta(ge=1, le=_PER_DAY_MIN)]
    unit_fen: PositiveFen


class SurchargesContent(Body, frozen=True, tag_field="kind", tag="surcharges"):
    """加价规则；法定节假日与周末不叠加。"""

    off_hours: OffHoursBody | None
    weekend_bp: Bp
    holiday_bp: Bp
    overtime: OvertimeBody | None


class HolidaysContent(Body, frozen=True, tag_field="kind", tag="holidays"):
    """对公布的节假日安排的更正：哪些天算节假日，哪些天算工作日。"""

    holidays: Annotated[tuple[date, ...], Meta(max_length=400)]
    working_days: Annotated[tuple[date, ...], Meta(max_length=400)]


Content = PackageContent | PriceContent | SpecialRequestContent | ProcessContent | SurchargesContent | HolidaysContent


class DraftVersion(Body, frozen=True):
    """起草一个版本。`content` 为空表示在该范围撤下，改由更宽的范围说了算。"""

    scope: ScopeBody
    content: Content | None
    note: Annotated[str, Meta(max_length=200)] = ""

    def said(self, item: Item) -> Any:
        """The content in the rules' words; Invalid if it is of another kind, or of no use."""
        if self.content is None:
            return None
        told = msgspec.to_builtins(self.content)
        if told.pop("kind") != item.kind:
            raise Invalid(errors=(FieldError("content.kind", f"这里只接受 {item.kind}"),))
        if errors := tuple(_faults(self.content)):
            raise Invalid(errors=errors)
        return msgspec.convert(told | {"id": item.item_id}, CONTENT[item.kind])


class ValidationQuery(Body, frozen=True):
    """假定从哪天起生效。"""

    effective_from: date


class PublishVersion(Body, frozen=True):
    """从哪天起、为什么生效；按就诊日期（北京时间）计，不能早于今天。"""

    effective_from: date
    reason: Reason


class ShelfQuery(Body, frozen=True):
    """城市档位、城市、医院最多填一个，都不填为全国。"""

    city_tier: CityTier | None = None
    city: Annotated[str, Meta(pattern=r"^\d{6}$")] | None = None
    hospital_id: Id | None = None

    def scope(self) -> Scope:
        return ScopeBody(city_tier=self.city_tier, city=self.city, hospital_id=self.hospital_id).scope()


class PreviewQuery(Body, frozen=True):
    """试算一单；填了 `try_…` 三项则把那个版本当作已发布来算。"""

    hospital_id: Id
    package_id: Id
    starts_at: Annotated[datetime, Meta(tz=True, description="就诊开始时间，必须带时区")]
    special_requests: Annotated[str, Meta(max_length=800, description="定制需求编号，用逗号分隔")] = ""
    insurance: bool = False
    try_kind: Kind | None = None
    try_item_id: Slug | None = None
    try_version_id: Id | None = None

    def asked(self) -> Asked:
        trying = None
        if self.try_kind and self.try_item_id and self.try_version_id:
            trying = (Item(self.try_kind, self.try_item_id), self.try_version_id)
        elif self.try_kind or self.try_item_id or self.try_version_id:
            raise Invalid(errors=(FieldError("try_version_id", "try_kind、try_item_id、try_version_id 要一起填"),))
        return Asked(
            hospital_id=self.hospital_id,
            package_id=self.package_id,
            special_requests=[id_ for id_ in self.special_requests.split(",") if id_],
            insurance=self.insurance,
            starts_at=self.starts_at,
            trying=trying,
        )


class FindingView(Reading, frozen=True, kw_only=True):
    """一处问题：从哪天起、哪一项、什么问题。"""

    field: str
    message: str
    on: date


class ValidationView(Reading, frozen=True, kw_only=True):
    """发布前的校验结果。"""

    valid: bool
    findings: list[FindingView]

    @classmethod
    def of(cls, findings: list[Finding]) -> "ValidationView":
        views = [FindingView(field=each.field, message=each.message, on=each.on) for each in findings]
        return cls(valid=not views, findings=views)


class VersionView(Reading, frozen=True, kw_only=True):
    """一个版本：内容不变，只有状态会变。"""

    version_id: str
    kind: Kind
    item_id: str
    scope: ScopeBody
    state: VersionState
    content: Content | None
    note: str
    author: str
    created_at: Instant
    copy_of: str | None
    """回滚所恢复的版本。"""
    effective_from: date | None
    published_by: str | None
    published_at: Instant | None
    version: int

    @classmethod
    def of(cls, row: VersionRow) -> "VersionView":
        return cls(
            version_id=row.version_id,
            kind=row.item_kind,
            item_id=row.item_id,
            scope=ScopeBody.of(row.scope),
            state=row.state,
            content=content_view(row.item_kind, row.content),
            note=row.note,
            author=row.author,
            created_at=clock.china(row.created_at),
            copy_of=row.copy_of,
            effective_from=row.effective_from,
            published_by=row.published_by,
            published_at=clock.china(row.published_at) if row.published_at else None,
            version=int(row.version),
        )


class PublishedView(Reading, frozen=True, kw_only=True):
    """货架上的一个版本：正在生效，或将要生效。"""

    version_id: str
    kind: Kind
    item_id: str
    scope: ScopeBody
    effective_from: date
    content: Content | None

    @classmethod
    def of(cls, kind: Kind, version: Version[Any]) -> "PublishedView":
        return cls(
            version_id=version.version_id,
            kind=kind,
            item_id=version.item_id,
            scope=ScopeBody.of(version.scope),
            effective_from=version.effective_from,
            content=content_view(kind, version.content),
        )


class PreviewLineView(Reading, frozen=True, kw_only=True):
    """价格明细中的一行，以及是哪个版本、哪个范围说的；保险不在价目里，没有版本。"""

    kind: LineKind
    code: str
    title: str
    amount_fen: int
    version_id: str | None
    scope: ScopeBody | None


class PreviewView(Reading, frozen=True, kw_only=True):
    """这一单在那一天的价格与流程。"""

    items: list[PreviewLineView]
    total_fen: int
    overtime: OvertimeView | None
    process_template_id: str
    process_version_id: str
    process_scope: ScopeBody
    milestones: list[MilestoneBody]

    @classmethod
    def of(cls, preview: Preview) -> "PreviewView":
        process = preview.offer.process
        return cls(
            items=[_line(item, preview.versions) for item in preview.price.items],
            total_fen=preview.price.total_fen,
            overtime=OvertimeView.of(preview.price.overtime),
            process_template_id=process.content.id,
            process_version_id=process.version_id,
            process_scope=ScopeBody.of(process.scope),
            milestones=[
                msgspec.convert(msgspec.to_builtins(each), MilestoneBody) for each in process.content.milestones
            ],
        )


def content_view(kind: Kind, content: Any) -> Content | None:
    """The content in the API's words."""
    if content is None:
        return None
    told = {name: value for name, value in msgspec.to_builtins(content).items() if name != "id"}
    view: Content = msgspec.convert(told | {"kind": kind.value}, Content)
    return view


def _line(item: Any, versions: Mapping[str, Version[Any]]) -> PreviewLineView:
    version = versions.get(item.version_id)
    return PreviewLineView(
        kind=item.kind,
        code=item.code,
        title=item.title,
        amount_fen=item.amount_fen,
        version_id=item.version_id or None,
        scope=ScopeBody.of(version.scope) if version else None,
    )


def _faults(content: Content) -> list[FieldError]:
    """What the form of the content does not say."""
    match content:
        case ProcessContent(milestones=milestones):
            steps = msgspec.convert(msgspec.to_builtins(milestones), tuple[Milestone, ...])
            return [FieldError(f"content.{fault.field}", fault.message) for fault in processes.faults(steps)]
        case SurchargesContent(off_hours=OffHoursBody(day_begins_min=begins, day_ends_min=ends)) if begins >= ends:
            return [FieldError("content.off_hours.day_ends_min", "应晚于 day_begins_min")]
        case HolidaysContent(holidays=holidays, working_days=working_days) if set(holidays) & set(working_days):
            return [FieldError("content.working_days", "同一天不能既是节假日又是工作日")]
        case PackageContent(included_special_requests=included) if len(set(included)) != len(included):
            return [FieldError("content.included_special_requests", "有重复的项目")]
    return []
