from pacsberry.archive import Archive
from pacsberry.dicom.policy import DicomPolicy
def make_ingest(archive: Archive, policy: DicomPolicy):
    class I:
        def accept_dataset(self, spool, receipt, **kw): pass
    return I()
