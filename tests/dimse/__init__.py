"""The DICOM door, from outside: real sockets, DCMTK, pynetdicom, and peers that break the rules."""
