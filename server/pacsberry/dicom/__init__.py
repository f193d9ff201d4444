"""DICOM knowledge without network, disk or database: it works on bytes and on files handed to it.

Importing this package or any of its modules does not import pydicom.
"""
