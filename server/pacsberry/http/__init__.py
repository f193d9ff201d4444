"""The HTTP front door: Orthanc's REST API and the page, over bottle and waitress.

A request passes these stations, one module each:

    server    listens; channel and tls move bytes; body puts a request's body where it belongs while it arrives
    access    may this client come in, who is it, may it write
    door      the WSGI application: asks access, asks routing for the handler, renders what it answers
    nouns     system, tools, resources, content, … : thin handlers, each with its table ROUTES
    answers   what handlers return;  rendering turns it into JSON, XML, gzip, a range
    errors    what they raise, in Orthanc's words
"""
