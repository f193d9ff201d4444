"""Other DICOM nodes: the road bytes take to and from them, and sending to them.

`upper_layer` is the one place that reads and writes DICOM sockets; `dimse` (the front door) uses it as well.
Importing this package does not import pynetdicom; its modules do.
"""
