"""Video calls: the log, and what lets one's own device in."""

from datetime import datetime
from typing import Annotated

import msgspec

from functions.shared import clock
from functions.shared.http.schemas import Body, Reading
from functions.tracking.actions.calls import TrtcPass, VoipPass
from functions.tracking.rules.access import Standing
from functions.tracking.rules.calls import CallState, Provider
from functions.tracking.table.calls import CallRow


class CallBody(Body, frozen=True, kw_only=True):
    """发起、加入、离开通话都不需要内容：空对象。"""


class PartyView(Reading, frozen=True, kw_only=True):
    """通话中的一方。"""

    standing: Standing
    joined_at: datetime
    left_at: datetime | None


class CallView(Reading, frozen=True, kw_only=True):
    """一次视频通话。`duration_s` 为两人以上在通话中的秒数，未接通为 0。"""

    call_id: str
    visit_id: str
    state: CallState
    provider: Provider
    rung_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    duration_s: int
    parties: list[PartyView]
    version: int

    @classmethod
    def of(cls, row: CallRow) -> "CallView":
        call = row.call
        return cls(
            call_id=row.call_id,
            visit_id=row.visit_id,
            state=call.state,
            provider=Provider(row.provider),
            rung_at=clock.china(call.rung_at),
            started_at=_china(call.started_at),
            ended_at=_china(call.ended_at),
            duration_s=call.duration_s,
            parties=[
                PartyView(
                    standing=party.standing, joined_at=clock.china(party.joined_at), left_at=_china(party.left_at)
                )
                for party in call.parties
            ],
            version=int(row.version),
        )


class CallList(Reading, frozen=True, kw_only=True):
    """新的在前。"""

    items: list[CallView]


class TrtcView(Reading, frozen=True, kw_only=True):
    """腾讯云实时音视频的进房参数；房间号为字符串 room_id。"""

    sdk_app_id: int
    user_id: str
    user_sig: str
    room_id: str
    expires_in_s: int


class VoipView(Reading, frozen=True, kw_only=True):
    """wx.joinVoIPChat 的参数；roomType 用 video。"""

    app_id: str
    group_id: str
    nonce_str: str
    time_stamp: int
    signature: str


class AdmissionView(Reading, frozen=True, kw_only=True):
    """通话和本人的进房凭证；两种凭证只有与 provider 对应的一种。凭证仅供本人当次使用。"""

    call: CallView
    trtc: Annotated[TrtcView | None, msgspec.Meta(description="provider 为 trtc 时")]
    wechat_voip: Annotated[VoipView | None, msgspec.Meta(description="provider 为 wechat_voip 时")]

    @classmethod
    def of(cls, row: CallRow, admitted: TrtcPass | VoipPass) -> "AdmissionView":
        trtc = voip = None
        if isinstance(admitted, TrtcPass):
            trtc = TrtcView(
                sdk_app_id=admitted.sdk_app_id,
                user_id=admitted.user_id,
                user_sig=admitted.user_sig,
                room_id=row.call_id,
                expires_in_s=admitted.expires_in_s,
            )
        else:
            voip = VoipView(
                app_id=admitted.app_id,
                group_id=admitted.group_id,
                nonce_str=admitted.nonce,
                time_stamp=admitted.timestamp_s,
                signature=admitted.signature,
            )
        return cls(call=CallView.of(row), trtc=trtc, wechat_voip=voip)


def _china(at: datetime | None) -> datetime | None:
    return clock.china(at) if at else None
