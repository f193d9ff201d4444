"""DICOMweb (PS3.18): search, retrieval and metadata by UIDs, beside the REST API.

A request comes in by `routes`, the only module that the server imports when it starts; `resources` reads the path.
Each transaction of the standard has a module of its own, imported with the first request.
"""
