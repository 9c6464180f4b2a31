"""What the provider sends us, proven before anything is believed."""

from collections.abc import Mapping

from functions.settlement import provider
from functions.settlement.actions import authorizations, paying, payments, refunds
from functions.settlement.gateways.payments import ForgedNotification
from functions.settlement.rules.payments import NotificationRefused
from functions.settlement.rules.withdrawals import Channel
from functions.shared import observe
from functions.shared.errors import NotFound
from functions.shared.tx import Tx


def take_notification(tx: Tx, *, headers: Mapping[str, str], body: bytes) -> None:
    """Prove, then act on a notification; of a kind that concerns nobody here it is only noted.

    Raises NotificationRefused, and NotFound for a payment, refund or transfer that is not ours: the provider repeats
    itself and the metric keeps rising until somebody looks.
    """
    try:
        notification = provider.wechat_pay().parse_notification(headers, body, tx.now)
    except ForgedNotification as error:
        observe.count("PaymentNotificationForged")
        raise NotificationRefused(str(error)) from error
    if notification.payment is not None:
        payments.take_notice(tx, notification_id=notification.id, seen=notification.payment)
    elif notification.refund is not None:
        refunds.take_notice(tx, notification.refund)
    elif notification.event_type.startswith(provider.AUTHORIZATION_EVENTS):
        leave = provider.wechat_authorizations().read_notice(notification.resource)
        if leave is None:
            raise NotFound()
        authorizations.take_answer(tx, leave)
    elif notification.event_type.startswith(provider.TRANSFER_EVENTS):
        seen = provider.wechat_transfers().read_notice(notification.resource)
        if seen is None:
            raise NotFound()
        paying.take_answer(tx, seen, channel=Channel.WECHAT)
    else:
        observe.logger().info("notification of another kind", extra={"event_type": notification.event_type})
