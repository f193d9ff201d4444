"""Which paths students may follow: those to studies that have the label `Pacsberry.GuestLabel`.

A route names one of these as `shown`.  What is not shown is answered as what is not there.
"""

from collections.abc import Callable, Mapping

from pacsberry.errors import BadRequest, UnknownResource
from pacsberry.http.context import Context
from pacsberry.model import ORTHANC_ID, Level


def always(context: Context, **path: object) -> bool:
    """Nothing of a study is in the path; the handler shows only what `request.role` may see."""
    return True


def resource(level: Level) -> Callable[..., bool]:
    """The path holds the Orthanc identifier of a resource as `id`."""

    def shown(context: Context, *, id: str, **path: object) -> bool:
        return is_shown(context, level, id)

    return shown


def prepared_path(context: Context, *, path: str) -> bool:
    """The path begins with the Orthanc identifier of a series."""
    series = path[:44]
    return ORTHANC_ID.fullmatch(series) is not None and is_shown(context, Level.SERIES, series)


def hidden_person(context: Context, level: Level, id: str) -> Mapping[str, str]:
    """The tags of the patient whom no text that students see may name.  Raises UnknownResource."""
    study = context.archive.resources.ancestor(level, id, Level.STUDY)
    return context.archive.catalogue.study(study).patient_tags


def is_shown(context: Context, level: Level, id: str) -> bool:
    """Whether the study that a resource is in has the label; False when there is no such resource."""
    try:
        study = id if level is Level.STUDY else context.archive.resources.ancestor(level, id, Level.STUDY)
        return context.archive.labels.has(Level.STUDY, study, context.settings.guest_label)
    except (UnknownResource, BadRequest):
        return False
