"""DICOM knowledge: headers, tags, text, matching, frames, and everything a hostile file may try."""
