"""The API's Lambda authorizer: who is calling, for every route at once.

The policy allows all routes, because API Gateway caches it per token and a policy for the first route would deny the
second. What a caller may do is checked per route by `shared.http`.
"""

from chalice.app import AuthRequest, AuthResponse, Blueprint

from functions.shared import clock
from functions.shared.errors import Unauthenticated

bp = Blueprint("app")
CACHE_S = 300


@bp.authorizer(name="authorizer", ttl_seconds=CACHE_S)
def authorizer(request: AuthRequest) -> AuthResponse:
    """Allow with the caller's context, or deny."""
    from functions.shared import tokens

    scheme, _, token = request.token.partition(" ")
    try:
        if scheme.lower() != "bearer":
            raise Unauthenticated()
        caller = tokens.verify(token.strip(), now=clock.now())
    except Unauthenticated:
        return AuthResponse(routes=[], principal_id="anonymous")
    return AuthResponse(routes=["*"], principal_id=caller.subject, context=caller.as_context())
