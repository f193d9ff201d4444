"""A head that is nobody's: the phantom of Shepp and Logan (IEEE Trans. Nucl. Sci. 21, 1974) in three dimensions, as MR.

Ten ellipsoids with the grey values that are usual for showing it; two series, as if weighted differently.
"""

from collections.abc import Iterator

import numpy as np

from tests.makers.images import Pixels, make_image
from tests.makers.instances import uid_for

SIDE = 256  # pixels
SLICES = 24
SPACING = 0.9  # mm
# grey value of the first and of the second series, half axes x y z, middle x y z, turned by degrees
ELLIPSOIDS = (
    (1.0, 0.55, 0.69, 0.92, 0.81, 0.0, 0.0, 0.0, 0),
    (-0.8, -0.3, 0.6624, 0.874, 0.78, 0.0, -0.0184, 0.0, 0),
    (-0.2, 0.6, 0.11, 0.31, 0.22, 0.22, 0.0, 0.0, -18),
    (-0.2, 0.6, 0.16, 0.41, 0.28, -0.22, 0.0, 0.0, 18),
    (0.1, 0.15, 0.21, 0.25, 0.41, 0.0, 0.35, -0.15, 0),
    (0.1, 0.2, 0.046, 0.046, 0.05, 0.0, 0.1, 0.25, 0),
    (0.1, 0.2, 0.046, 0.046, 0.05, 0.0, -0.1, 0.25, 0),
    (0.1, -0.1, 0.046, 0.023, 0.05, -0.08, -0.605, 0.0, 0),
    (0.1, -0.1, 0.023, 0.023, 0.02, 0.0, -0.606, 0.0, 0),
    (0.1, -0.1, 0.023, 0.046, 0.02, 0.06, -0.605, 0.0, 0),
)


def phantom(patient: str = "PHANTOM", name: str = "Phantom^Nobody") -> Iterator[bytes]:
    """The files of the study of a patient of that number and name."""
    for series, weighting in enumerate(("T1", "T2"), 1):
        for number in range(SLICES):
            height = 1.3 * number / (SLICES - 1) - 0.65
            tags: dict[str, object] = {
                "Modality": "MR",
                "PatientID": patient,
                "PatientName": name,
                "StudyInstanceUID": uid_for(patient),
                "SeriesInstanceUID": uid_for(patient, series),
                "FrameOfReferenceUID": uid_for(patient, "frame"),
                "SOPInstanceUID": uid_for(patient, series, number),
                "StudyDescription": "Head, Shepp-Logan phantom",
                "SeriesDescription": f"{weighting} axial",
                "SeriesNumber": series,
                "InstanceNumber": number + 1,
                "PixelSpacing": [SPACING, SPACING],
                "ImagePositionPatient": [-115, -115, round(100 * height, 2)],
                "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
                "WindowCenter": 500,
                "WindowWidth": 1000,
            }
            yield make_image(_slice(height, series), tags=tags)


def _slice(height: float, series: int) -> Pixels:
    """One slice at a height between -1 and 1."""
    y, x = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]
    values = np.zeros((SIDE, SIDE))
    for first, second, a, b, c, middle_x, middle_y, middle_z, degrees in ELLIPSOIDS:
        turn = np.radians(degrees)
        right, down = x - middle_x, -y - middle_y
        along = right * np.cos(turn) + down * np.sin(turn)
        across = down * np.cos(turn) - right * np.sin(turn)
        inside = (along / a) ** 2 + (across / b) ** 2 + ((height - middle_z) / c) ** 2 <= 1
        values[inside] += first if series == 1 else second
    noise = np.random.default_rng(series).normal(0, 0.008, values.shape)
    return np.clip((values + noise) * 900 + 60, 0, 4095).astype("<u2")
