"""What can be done and read here, one function per verb. Other rooms import reads only."""

from functions.booking.actions.orders import OrderCard, find_order, require_party

__all__ = ["OrderCard", "find_order", "require_party"]
