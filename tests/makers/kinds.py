"""The kinds of instance the makers know: SOP class, modality, and what each needs beyond the common modules.

Every kind is one row of KINDS; `fill` adds the Type 1 and 2 attributes of its IOD (PS3.3 annex A).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of instance; `bits_allocated` 0 means that it has no pixels."""

    modality: str
    sop_class_uid: uid.UID
    fill: Callable[[Dataset], None]
    bits_allocated: int = 16
    samples: int = 1
    is_multi_frame: bool = False


def _ct(ds: Dataset) -> None:
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    _place_slice(ds, thickness=5.0)
    ds.RescaleIntercept = "-1024"
    ds.RescaleSlope = "1"
    ds.KVP = "120"
    ds.AcquisitionNumber = 1
    ds.WindowCenter, ds.WindowWidth = "40", "400"


def _mr(ds: Dataset) -> None:
    ds.ImageType = ["ORIGINAL", "PRIMARY", "OTHER"]
    _place_slice(ds, thickness=4.0)
    ds.ScanningSequence = "SE"
    ds.SequenceVariant = "NONE"
    ds.ScanOptions = ""
    ds.MRAcquisitionType = "2D"
    ds.RepetitionTime = "500"
    ds.EchoTime = "15"
    ds.EchoTrainLength = 1


def _pt(ds: Dataset) -> None:
    ds.ImageType = ["ORIGINAL", "PRIMARY"]
    _place_slice(ds, thickness=3.0)
    ds.Units = "BQML"
    ds.CountsSource = "EMISSION"
    ds.SeriesType = ["STATIC", "IMAGE"]
    ds.NumberOfSlices = 1
    ds.CorrectedImage = ["DECY", "ATTN"]
    ds.DecayCorrection = "START"
    ds.CollimatorType = "NONE"
    ds.RescaleIntercept = "0"
    ds.RescaleSlope = "1"
    ds.FrameReferenceTime = "0"
    ds.ImageIndex = 1


def _projection(ds: Dataset) -> None:
    ds.ImageType = ["ORIGINAL", "PRIMARY"]
    ds.BodyPartExamined = "CHEST"
    ds.ViewPosition = "PA"
    ds.PatientOrientation = ["L", "F"]


def _fluoroscopy(ds: Dataset) -> None:
    ds.ImageType = ["ORIGINAL", "PRIMARY", "SINGLE PLANE"]
    ds.PixelIntensityRelationship = "LIN"
    ds.RadiationSetting = "GR"
    ds.KVP = "70"
    _cine(ds)


def _ultrasound(ds: Dataset) -> None:
    ds.ImageType = ["ORIGINAL", "PRIMARY"]
    ds.PatientOrientation = ""


def _ultrasound_loop(ds: Dataset) -> None:
    _ultrasound(ds)
    _cine(ds)


def _nm(ds: Dataset) -> None:
    ds.ImageType = ["ORIGINAL", "PRIMARY", "STATIC", "EMISSION"]
    ds.NumberOfEnergyWindows = 1
    ds.EnergyWindowVector = [1]
    ds.NumberOfDetectors = 1
    ds.DetectorVector = [1]
    ds.FrameIncrementPointer = [0x00540010, 0x00540020]
    ds.PixelSpacing = ["4", "4"]


def _secondary_capture(ds: Dataset) -> None:
    ds.ConversionType = "WSD"
    ds.PatientOrientation = ""


def _text_report(ds: Dataset) -> None:
    ds.ContentDate, ds.ContentTime = "20260105", "103000"
    ds.CompletionFlag = "COMPLETE"
    ds.VerificationFlag = "UNVERIFIED"
    ds.ReferencedPerformedProcedureStepSequence = Sequence()
    ds.PerformedProcedureCodeSequence = Sequence()
    ds.ValueType = "CONTAINER"
    ds.ContinuityOfContent = "SEPARATE"
    ds.ConceptNameCodeSequence = Sequence([_code("11528-7", "LN", "Radiology Report")])
    finding = Dataset()
    finding.RelationshipType = "CONTAINS"
    finding.ValueType = "TEXT"
    finding.ConceptNameCodeSequence = Sequence([_code("121071", "DCM", "Finding")])
    finding.TextValue = "No abnormality."
    ds.ContentSequence = Sequence([finding])


def _key_objects(ds: Dataset) -> None:
    _text_report(ds)
    del ds.CompletionFlag, ds.VerificationFlag, ds.PerformedProcedureCodeSequence
    ds.ConceptNameCodeSequence = Sequence([_code("113000", "DCM", "Of Interest")])


def _presentation(ds: Dataset) -> None:
    ds.PresentationCreationDate, ds.PresentationCreationTime = "20260105", "103000"
    ds.ContentLabel = "WINDOWED"
    ds.ContentDescription = ""
    ds.ContentCreatorName = ""
    ds.PresentationLUTShape = "IDENTITY"


def _pdf(ds: Dataset) -> None:
    ds.ContentDate, ds.ContentTime = "20260105", "103000"
    ds.AcquisitionDateTime = ""
    ds.BurnedInAnnotation = "NO"
    ds.DocumentTitle = "Report"
    ds.ConceptNameCodeSequence = Sequence()
    ds.MIMETypeOfEncapsulatedDocument = "application/pdf"
    document = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
    ds.EncapsulatedDocumentLength = len(document)
    ds.EncapsulatedDocument = document + b"\x00" * (len(document) % 2)


def _structures(ds: Dataset) -> None:
    ds.StructureSetLabel = "ORGANS"
    ds.StructureSetDate, ds.StructureSetTime = "20260105", "103000"
    region = Dataset()
    region.ROINumber = 1
    region.ROIName = "Heart"
    region.ROIGenerationAlgorithm = "MANUAL"
    region.ReferencedFrameOfReferenceUID = ds.FrameOfReferenceUID
    ds.StructureSetROISequence = Sequence([region])
    contour = Dataset()
    contour.ContourGeometricType = "POINT"
    contour.NumberOfContourPoints = 1
    contour.ContourData = ["0", "0", "0"]
    drawn = Dataset()
    drawn.ReferencedROINumber = 1
    drawn.ContourSequence = Sequence([contour])
    ds.ROIContourSequence = Sequence([drawn])
    ds.RTROIObservationsSequence = Sequence()


def _place_slice(ds: Dataset, *, thickness: float) -> None:
    ds.PixelSpacing = ["0.7", "0.7"]
    ds.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    ds.ImagePositionPatient = ["-180", "-180", f"{ds.InstanceNumber * thickness:g}"]
    ds.SliceThickness = f"{thickness:g}"
    ds.PositionReferenceIndicator = ""


def _cine(ds: Dataset) -> None:
    ds.FrameTime = "40"
    ds.FrameIncrementPointer = 0x00181063


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue = value
    item.CodingSchemeDesignator = scheme
    item.CodeMeaning = meaning
    return item


KINDS: Final[dict[str, Kind]] = {
    "CT": Kind("CT", uid.CTImageStorage, _ct),
    "MR": Kind("MR", uid.MRImageStorage, _mr),
    "PT": Kind("PT", uid.PositronEmissionTomographyImageStorage, _pt),
    "CR": Kind("CR", uid.ComputedRadiographyImageStorage, _projection),
    "DX": Kind("DX", uid.DigitalXRayImageStorageForPresentation, _projection),
    "MG": Kind("MG", uid.DigitalMammographyXRayImageStorageForPresentation, _projection),
    "XA": Kind("XA", uid.XRayAngiographicImageStorage, _fluoroscopy, bits_allocated=8, is_multi_frame=True),
    "RF": Kind("RF", uid.XRayRadiofluoroscopicImageStorage, _fluoroscopy, bits_allocated=8, is_multi_frame=True),
    "US": Kind("US", uid.UltrasoundImageStorage, _ultrasound, bits_allocated=8, samples=3),
    "US-loop": Kind(
        "US", uid.UltrasoundMultiFrameImageStorage, _ultrasound_loop, bits_allocated=8, samples=3, is_multi_frame=True
    ),
    "NM": Kind("NM", uid.NuclearMedicineImageStorage, _nm, is_multi_frame=True),
    "OT": Kind("OT", uid.SecondaryCaptureImageStorage, _secondary_capture, bits_allocated=8),
    "SR": Kind("SR", uid.BasicTextSRStorage, _text_report, bits_allocated=0),
    "KO": Kind("KO", uid.KeyObjectSelectionDocumentStorage, _key_objects, bits_allocated=0),
    "PR": Kind("PR", uid.GrayscaleSoftcopyPresentationStateStorage, _presentation, bits_allocated=0),
    "PDF": Kind("DOC", uid.EncapsulatedPDFStorage, _pdf, bits_allocated=0),
    "RTSTRUCT": Kind("RTSTRUCT", uid.RTStructureSetStorage, _structures, bits_allocated=0),
}
