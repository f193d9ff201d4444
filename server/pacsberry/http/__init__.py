"""The HTTP front door: Orthanc's REST API and the page, over bottle and waitress.

A request passes these stations, one module each:

    server    listens (listener, control); channel and tls move bytes; body puts a body where it belongs as it arrives
    access    may this client come in, who is it, may it write
    door      the WSGI application: asks access, asks routing for the handler, renders what it answers
    nouns     system, tools, resources, content, … : thin handlers, each with its table ROUTES
    answers   what handlers return;  rendering turns it into JSON, XML, gzip, a range
    errors    what they raise, in Orthanc's words
"""

from pacsberry.http.access import Access
from pacsberry.http.context import Context
from pacsberry.http.server import HttpServer
from pacsberry.http.settings import HttpSettings, SystemFacts, TlsSettings

__all__ = ["Access", "Context", "HttpServer", "HttpSettings", "SystemFacts", "TlsSettings"]
