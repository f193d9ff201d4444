"""What places and shows images, out of their DICOM JSON, whatever that contains."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pacsberry.imaging.prepared.geometry import geometry_of
from pacsberry.imaging.prepared.series_metadata import shared_and_own

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
TAGS = st.sampled_from(["52009229", "52009230", "00200032", "00280030", "00280010", "00209113"])


def test_values_come_by_their_keywords() -> None:
    model = {
        "00280010": {"vr": "US", "Value": [512]},
        "00280030": {"vr": "DS", "Value": [0.5, 0.6]},
        "00281050": {"vr": "DS", "Value": [40]},
        "00280004": {"vr": "CS", "Value": ["MONOCHROME2"]},
        "00281053": {"vr": "DS"},
        "00100010": {"vr": "PN", "Value": [{"Alphabetic": "DOE"}]},
    }

    assert geometry_of(model) == {
        "Rows": 512,
        "PixelSpacing": [0.5, 0.6],
        "WindowCenter": [40],
        "PhotometricInterpretation": "MONOCHROME2",
    }


def test_that_there_are_tables_is_told_but_not_what_is_in_them() -> None:
    item = {"00283006": {"vr": "OW", "BulkDataURI": "…"}}
    model = {"00283000": {"vr": "SQ", "Value": [item]}, "00283010": {"vr": "SQ"}, "00281056": {"Value": ["SIGMOID"]}}

    assert geometry_of(model) == {"HasModalityLUT": True, "VOILUTFunction": "SIGMOID"}


def test_functional_groups_are_told_shared_and_frame_by_frame() -> None:
    def item(macro: str, **tags: list[Any]) -> dict[str, Any]:
        return {macro: {"Value": [{tag.removeprefix("t"): {"Value": value} for tag, value in tags.items()}]}}

    model = {
        "52009229": {
            "Value": [item("00289110", t00280030=[1.0, 2.0]) | item("00209116", t00200037=[1, 0, 0, 0, 1, 0])]
        },
        "52009230": {"Value": [item("00209113", t00200032=[0, 0, z]) for z in (1, 2)]},
    }

    assert geometry_of(model) == {
        "PixelSpacing": [1.0, 2.0],
        "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
        "Frames": [{"ImagePositionPatient": [0, 0, 1]}, {"ImagePositionPatient": [0, 0, 2]}],
    }


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(TAGS, st.dictionaries(st.sampled_from(["vr", "Value"]), JSON_VALUES)))
def test_nothing_a_file_says_breaks_it(model: dict[str, Any]) -> None:
    json.dumps(geometry_of(model))


def test_what_all_say_alike_is_said_once() -> None:
    told = [{"Rows": 5, "z": 1, "x": [1]}, {"Rows": 5, "z": 2, "x": [1]}, {"Rows": 5, "x": [1], "more": 0}]

    shared, own = shared_and_own(told)

    assert shared == {"Rows": 5, "x": [1]}
    assert own == [{"z": 1}, {"z": 2}, {"more": 0}]
    assert shared_and_own([]) == ({}, [])
    assert shared_and_own([{"Rows": 1}, {}]) == ({}, [{"Rows": 1}, {}])
