"""What a viewer needs to place and to show an image, out of its DICOM JSON: names and values, also frame by frame."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

_MOST_FRAMES: Final = 4096  # whose places are told one by one
_LISTS: Final = {  # name: tag; always a list
    "ImageType": "00080008",
    "ImagerPixelSpacing": "00181164",
    "ImagePositionPatient": "00200032",
    "ImageOrientationPatient": "00200037",
    "PixelSpacing": "00280030",
    "PixelAspectRatio": "00280034",
    "WindowCenter": "00281050",
    "WindowWidth": "00281051",
}
_SINGLE: Final = {
    "SOPClassUID": "00080016",
    "AvailableTransferSyntaxUID": "00083002",
    "SliceThickness": "00180050",
    "SpacingBetweenSlices": "00180088",
    "FrameOfReferenceUID": "00200052",
    "AcquisitionNumber": "00200012",
    "SliceLocation": "00201041",
    "SamplesPerPixel": "00280002",
    "PhotometricInterpretation": "00280004",
    "PlanarConfiguration": "00280006",
    "Rows": "00280010",
    "Columns": "00280011",
    "BitsAllocated": "00280100",
    "BitsStored": "00280101",
    "HighBit": "00280102",
    "PixelRepresentation": "00280103",
    "PixelPaddingValue": "00280120",
    "PixelPaddingRangeLimit": "00280121",
    "RescaleIntercept": "00281052",
    "RescaleSlope": "00281053",
    "RescaleType": "00281054",
    "VOILUTFunction": "00281056",
    "LossyImageCompression": "00282110",
}
_TABLES: Final = {"HasModalityLUT": "00283000", "HasVOILUT": "00283010"}  # that viewers leave to the server
_SHARED, _PER_FRAME = "52009229", "52009230"  # functional groups (PS3.3 C.7.6.16)
_GROUPS: Final = {  # name: macro and attribute
    "ImagePositionPatient": ("00209113", "00200032"),
    "ImageOrientationPatient": ("00209116", "00200037"),
    "PixelSpacing": ("00289110", "00280030"),
    "SliceThickness": ("00289110", "00180050"),
    "SpacingBetweenSlices": ("00289110", "00180088"),
    "WindowCenter": ("00289132", "00281050"),
    "WindowWidth": ("00289132", "00281051"),
    "VOILUTFunction": ("00289132", "00281056"),
    "RescaleIntercept": ("00289145", "00281052"),
    "RescaleSlope": ("00289145", "00281053"),
    "RescaleType": ("00289145", "00281054"),
}

Model = Mapping[str, Any]  # a data set in DICOM JSON


def geometry_of(model: Model) -> Mapping[str, Any]:
    """By keyword; of a multi-frame image with functional groups `Frames` has what differs from frame to frame."""
    found: dict[str, Any] = {}
    for name, tag in _LISTS.items():
        values = _values(model, tag)
        if values:
            found[name] = values
    for name, tag in _SINGLE.items():
        values = _values(model, tag)
        if values:
            found[name] = values[0]
    for name, tag in _TABLES.items():
        if _values(model, tag):
            found[name] = True
    for item in _values(model, _SHARED)[:1]:
        found.update(_of_groups(item))
    frames = _values(model, _PER_FRAME)
    if 0 < len(frames) <= _MOST_FRAMES:
        told = [_of_groups(item) for item in frames]
        if any(told):
            found["Frames"] = told
    return found


def _of_groups(item: object) -> Mapping[str, Any]:
    """What the functional groups of one item say."""
    found: dict[str, Any] = {}
    if isinstance(item, Mapping):
        for name, (macro, tag) in _GROUPS.items():
            inner = _values(item, macro)
            values = _values(inner[0], tag) if inner and isinstance(inner[0], Mapping) else ()
            if values:
                found[name] = list(values) if name in _LISTS else values[0]
    return found


def _values(model: Model, tag: str) -> Sequence[Any]:
    values = model.get(tag, {}).get("Value", ())
    return values if isinstance(values, list) else ()
