# What Pacsberry uses of waitress 3, which carries no types.

from _typeshed.wsgi import WSGIApplication
from waitress.server import BaseWSGIServer

# With more than one address to listen on waitress returns a MultiSocketServer; we give it one socket.
def create_server(
    application: WSGIApplication, map: dict[int, object] | None = ..., **adj: object
) -> BaseWSGIServer: ...
