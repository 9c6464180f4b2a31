"""Having what is written in a visit's conversation checked, and telling who was away."""

from functions.accounts.actions import moderation
from functions.accounts.actions.facts import OrderFacts
from functions.accounts.actions.notices import write_notice
from functions.accounts.events import ContentChecked
from functions.accounts.gateways.wechat import ModerationScene
from functions.accounts.triggers.declared import bus
from functions.shared.tx import Tx
from functions.tracking.events import VisitMessageUnseen, VisitMessageWritten

PART = "message"


@bus.on(VisitMessageWritten)
def check_message(tx: Tx, event: VisitMessageWritten) -> None:
    """Have a message checked; raises while WeChat cannot be reached, so that it is asked again."""
    from functions.tracking.actions.chat import find_words

    words = find_words(event.subject)
    if words is None:
        return
    if words.text is None:
        assert words.url is not None, "a message has a text or a file"
        moderation.ask_about_media(
            tx,
            account_id=words.account_id,
            url=words.url,
            is_voice=words.is_voice,
            subject=event.subject,
            part=PART,
        )
        return
    verdict = moderation.check_text(account_id=words.account_id, text=words.text, scene=ModerationScene.SOCIAL_LOG)
    tx.emit(ContentChecked(subject=event.subject, part=PART, revision=1, verdict=verdict))


@bus.on(VisitMessageUnseen)
def tell_unseen(tx: Tx, event: VisitMessageUnseen) -> None:
    """To client or companion: the first message that they have not read. What it says is not in the notice."""
    code = "message_unseen_client" if event.standing == "client" else "message_unseen_companion"
    write_notice(tx, account_id=event.account_id, code=code, facts=OrderFacts(order_id=event.order_id))
