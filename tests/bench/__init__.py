"""The bench: Pacsberry beside Debian's Orthanc, the same load on both, one table. Run `python -m tests.bench`."""
