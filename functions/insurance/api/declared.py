"""What the room's routes are declared on."""

from functions.shared.http import Routes

routes = Routes("insurance")
