"""A DICOM peer for byte-exact comparisons: pynetdicom's association, with data sets sent and taken as encoded."""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pynetdicom import AE, _config, build_role, evt
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.events import Event

from tests.flows.programs import HERE

FIND = "1.2.840.10008.5.1.4.1.2.2.1"  # Study Root, as the next
GET = "1.2.840.10008.5.1.4.1.2.2.3"
PATIENT_FIND = "1.2.840.10008.5.1.4.1.2.1.1"


def send_file(port: int, path: Path) -> int:
    """C-STORE a file, its data set exactly as encoded in it; the status."""
    header = dcmread(path, stop_before_pixels=True, force=True)
    entity = AE("SENDER")
    entity.add_requested_context(header.SOPClassUID, header.file_meta.TransferSyntaxUID)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_config, "STORE_SEND_CHUNKED_DATASET", True)  # else it is decoded and encoded anew
        association = entity.associate(HERE, port)
        assert association.is_established
        assert association.accepted_contexts
        status = association.send_c_store(path)
        association.release()
    return int(status.Status)


def get_objects(port: int, level: str, classes: Mapping[str, str], **query: str) -> dict[str, tuple[str, bytes]]:
    """C-GET; {SOP Instance UID: transfer syntax, encoded data set}.  `classes`: SOP class to transfer syntax."""
    arrived: dict[str, tuple[str, bytes]] = {}

    def store(event: Event) -> int:
        request = cast(C_STORE, event.request)
        assert request.DataSet is not None
        uid = str(request.AffectedSOPInstanceUID)
        arrived[uid] = (str(event.context.transfer_syntax), bytes(request.DataSet.getvalue()))
        return 0

    entity = AE("GETTER")
    entity.add_requested_context(GET)
    roles: list[Any] = []  # `associate` wants a list of every kind there is
    for sop_class, syntax in classes.items():
        entity.add_requested_context(sop_class, syntax)
        roles.append(build_role(sop_class, scp_role=True))
    association = entity.associate(HERE, port, ext_neg=roles, evt_handlers=[(evt.EVT_C_STORE, store)])
    assert association.is_established
    responses = list(association.send_c_get(identifier(level, **query), GET))
    association.release()
    assert responses[-1][0].Status == 0, responses[-1]
    return arrived


@contextlib.contextmanager
def asking(port: int) -> Iterator[Association]:
    """An association for C-FIND."""
    entity = AE("ASKS")
    for model in (FIND, PATIENT_FIND):
        entity.add_requested_context(model)
    association = entity.associate(HERE, port)
    assert association.is_established
    yield association
    association.release()


def find(port: int, level: str, *, charset: str = "", **query: str) -> list[Dataset]:
    """The answers of a C-FIND."""
    wanted = identifier(level, **query)
    if charset:
        wanted.SpecificCharacterSet = charset
    model = PATIENT_FIND if level == "PATIENT" else FIND
    with asking(port) as association:
        *pending, (final, _) = association.send_c_find(wanted, model)
    assert final.Status == 0
    return [answer for _, answer in pending if answer is not None]


def identifier(level: str, **query: str) -> Dataset:
    """The data set of a query."""
    wanted = Dataset()
    wanted.QueryRetrieveLevel = level
    for keyword, value in query.items():
        setattr(wanted, keyword, value)
    return wanted
