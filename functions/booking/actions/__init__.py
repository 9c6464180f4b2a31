"""What can be done and read here, one function per verb. Other rooms import reads only."""

from functions.booking.actions.cancellation import CancellationQuote, cancel_order, quote_cancellation
from functions.booking.actions.candidates import project_companion, share_of, withdraw_companion
from functions.booking.actions.catalogue import (
    list_insurance_options,
    list_packages,
    list_special_requests,
    put_checklist,
    put_package,
    put_policy,
    put_process_template,
    put_special_request,
    put_weights,
)
from functions.booking.actions.confirmation import confirm_visit
from functions.booking.actions.dispatch import accept_offer, decline_offer, expire_offer, list_offers
from functions.booking.actions.grabs import close_hall, grab
from functions.booking.actions.hall import list_hall
from functions.booking.actions.itineraries import (
    Itinerary,
    TodoText,
    add_todo,
    change_todo,
    read_itinerary,
    remove_todo,
)
from functions.booking.actions.orders import (
    OrderCard,
    complete_order,
    expire_hold,
    find_order,
    follow_visit,
    list_orders_of_client,
    list_orders_of_companion,
    overtime_terms,
    place_order,
    read_note,
    read_order,
    record_payment,
    require_party,
)
from functions.booking.actions.preparation import put_preparation_policy
from functions.booking.actions.quotes import ListPlace, QuoteRequest, find_quote, list_companions, make_quote
from functions.booking.actions.rescheduling import RescheduleQuote, quote_reschedule, reschedule_order
from functions.booking.actions.rounds import Step, plan_round, sweep, take_step
from functions.booking.actions.series import (
    SeriesOrders,
    SeriesRequest,
    end_series,
    read_series,
    remind_of_payment,
    skip_date,
    start_series,
)
from functions.booking.actions.terms import list_terms, publish_terms, put_cancellation_terms
from functions.booking.actions.unassignment import cancel_as_companion, take_confirmation_step
from functions.booking.actions.where import package_name, where_booked

__all__ = [
    "CancellationQuote",
    "Itinerary",
    "ListPlace",
    "OrderCard",
    "QuoteRequest",
    "RescheduleQuote",
    "SeriesOrders",
    "SeriesRequest",
    "Step",
    "TodoText",
    "accept_offer",
    "add_todo",
    "cancel_as_companion",
    "cancel_order",
    "change_todo",
    "close_hall",
    "complete_order",
    "confirm_visit",
    "decline_offer",
    "end_series",
    "expire_hold",
    "expire_offer",
    "find_order",
    "find_quote",
    "follow_visit",
    "grab",
    "list_companions",
    "list_hall",
    "list_insurance_options",
    "list_offers",
    "list_orders_of_client",
    "list_orders_of_companion",
    "list_packages",
    "list_special_requests",
    "list_terms",
    "make_quote",
    "overtime_terms",
    "package_name",
    "place_order",
    "plan_round",
    "project_companion",
    "publish_terms",
    "put_cancellation_terms",
    "put_checklist",
    "put_package",
    "put_policy",
    "put_preparation_policy",
    "put_process_template",
    "put_special_request",
    "put_weights",
    "quote_cancellation",
    "quote_reschedule",
    "read_itinerary",
    "read_note",
    "read_order",
    "read_series",
    "record_payment",
    "remind_of_payment",
    "remove_todo",
    "require_party",
    "reschedule_order",
    "share_of",
    "skip_date",
    "start_series",
    "sweep",
    "take_confirmation_step",
    "take_step",
    "where_booked",
    "withdraw_companion",
]
