"""What concerns an account alone: its role, its messages, a companion's papers and tier."""

from functions.accounts.actions import pushes
from functions.accounts.actions.facts import OwnFacts
from functions.accounts.actions.notices import write_notice
from functions.accounts.actions.seeding import grant_companion
from functions.accounts.events import NoticeWritten
from functions.accounts.triggers.declared import bus
from functions.companions.events import (
    ApplicationDecided,
    CompanionActivated,
    CompanionSuspended,
    CompanionTierChanged,
    CredentialExpiring,
)
from functions.companions.rules.credentials import CREDENTIAL_TITLES
from functions.companions.rules.tiers import LADDER, TIER_TITLES
from functions.shared import clock
from functions.shared.tx import Tx
from functions.support.events import RectificationClosed, RectificationExtended, RectificationIssued


@bus.on(CompanionActivated)
def let_companion_sign_in(tx: Tx, event: CompanionActivated) -> None:
    """The account gets the role."""
    grant_companion(tx, account_id=event.companion_id)


@bus.on(NoticeWritten)
def send_wechat_message(tx: Tx, event: NoticeWritten) -> None:
    """At most once; raises while WeChat cannot be reached, so that it is tried again."""
    pushes.push_notice(tx, account_id=event.account_id, notice_id=event.notice_id)


@bus.on(ApplicationDecided)
def tell_decision(tx: Tx, event: ApplicationDecided) -> None:
    """To the applicant: what staff decided. Their words stand in the application."""
    write_notice(tx, account_id=event.account_id, code=f"application_{event.decision}", facts=OwnFacts())


@bus.on(CredentialExpiring)
def tell_credential_expiring(tx: Tx, event: CredentialExpiring) -> None:
    """To the companion: renew it in time."""
    texts = {
        "credential_name": CREDENTIAL_TITLES[event.kind],
        "expires_on_text": f"{event.expires_on:%Y-%m-%d}",
        "days_text": f"{event.days} 天后" if event.days else "今天",
    }
    write_notice(tx, account_id=event.companion_id, code="credential_expiring", facts=OwnFacts(texts))


@bus.on(CompanionSuspended)
def tell_suspended(tx: Tx, event: CompanionSuspended) -> None:
    """To the companion: no new orders for now, and why."""
    write_notice(tx, account_id=event.companion_id, code=f"suspended_{event.reason}", facts=OwnFacts())


@bus.on(RectificationIssued)
def tell_rectification(tx: Tx, event: RectificationIssued) -> None:
    """To the companion: what to put right, and by when."""
    texts = {"due_text": clock.spoken(event.due_at)}
    write_notice(tx, account_id=event.companion_id, code="rectification_issued", facts=OwnFacts(texts))


@bus.on(RectificationExtended)
def tell_rectification_extended(tx: Tx, event: RectificationExtended) -> None:
    """To the companion: it is not enough yet, and by when it has to be."""
    texts = {"due_text": clock.spoken(event.due_at)}
    write_notice(tx, account_id=event.companion_id, code="rectification_extended", facts=OwnFacts(texts))


@bus.on(RectificationClosed)
def tell_rectification_closed(tx: Tx, event: RectificationClosed) -> None:
    """To the companion: they work again, or no more."""
    code = "rectification_lifted" if event.is_lifted else "rectification_removed"
    write_notice(tx, account_id=event.companion_id, code=code, facts=OwnFacts())


@bus.on(CompanionTierChanged)
def tell_tier_changed(tx: Tx, event: CompanionTierChanged) -> None:
    """To the companion: up or down."""
    rose = LADDER.index(event.tier_to) > LADDER.index(event.tier_from)
    facts = OwnFacts({"tier_name": TIER_TITLES[event.tier_to]})
    write_notice(tx, account_id=event.companion_id, code="tier_up" if rose else "tier_down", facts=facts)
