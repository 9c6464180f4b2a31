"""What the room's routes are declared on, and who may do what with the books."""

from functions.shared.caller import Role
from functions.shared.http import Routes

routes = Routes("settlement")
READERS = {Role.FINANCE_READER, Role.FINANCE, Role.ADMIN}
"""Who may look at the books."""
WRITERS = {Role.FINANCE}
"""Who may propose what changes them."""
DECIDERS = {Role.FINANCE, Role.ADMIN}
"""Who may decide what somebody else proposed."""
