"""Access control: who sends a request, and what they may do. Checked before anything else sees it.

    head = RequestHead(scope)       # of a page? with which keys? refuses malformed headers
    caller = rules.caller(head, …)  # the most it may do; raises if it may do nothing
    caller.require(KeyScope.MANAGE)

``docs/security.md`` has the rules in words.
"""

from preheat.server.access.callers import Caller, NotPermittedError, caller_of
from preheat.server.access.head import PEER_KEY, TARGET_KEY, RequestHead, wants_page
from preheat.server.access.hosts import host_name, is_loopback
from preheat.server.access.middleware import CLIENT_GONE_STATUS, PAGE_FILES, TOKEN_KEY, AccessMiddleware
from preheat.server.access.peers import Peer
from preheat.server.access.rules import AccessRules

__all__ = [
    "CLIENT_GONE_STATUS",
    "PAGE_FILES",
    "PEER_KEY",
    "TARGET_KEY",
    "TOKEN_KEY",
    "AccessMiddleware",
    "AccessRules",
    "Caller",
    "NotPermittedError",
    "Peer",
    "RequestHead",
    "caller_of",
    "host_name",
    "is_loopback",
    "wants_page",
]
