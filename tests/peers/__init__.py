"""Talking to other DICOM nodes."""
