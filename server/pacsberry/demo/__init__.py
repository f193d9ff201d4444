"""A small synthetic study for a first look: a chest CT of twelve slices and a radiograph of the same chest.

Nobody's images: drawn from ellipses when they are asked for. The same on every box, to the last byte, so that storing
it twice stores it once. Needs nothing but the standard library.
"""

from pacsberry.demo.study import PATIENT_ID, STUDY_UID, demo_files

__all__ = ["PATIENT_ID", "STUDY_UID", "demo_files"]
