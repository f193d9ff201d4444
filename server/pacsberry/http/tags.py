"""DICOM tags as JSON: of one instance, of a module, and of many instances at once (S5)."""

import logging
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing
from typing import Any

from pacsberry.archive.resources import InstanceFile
from pacsberry.archive.views import TagForm
from pacsberry.dicom import tagjson
from pacsberry.dicom.modules import MODULES
from pacsberry.errors import DamagedFile, TooLarge, UnknownResource, UnreadableDicom
from pacsberry.http.answers import Answer
from pacsberry.http.context import Context
from pacsberry.http.dicomfiles import open_instance, open_kept
from pacsberry.http.request import Request
from pacsberry.http.routing import Route
from pacsberry.http.streams import json_object
from pacsberry.http.viewing import form_of, parse_tags
from pacsberry.model import Level

LOGGER = logging.getLogger("pacsberry.http")

_Tags = dict[str, Any]  # as tagjson makes them


def get_tags(request: Request, context: Context, id: str) -> Answer:
    """All tags of an instance."""
    return Answer.json(_tags_of_instance(request, context, id, form_of(request, TagForm.FULL)))


def get_simplified_tags(request: Request, context: Context, id: str) -> Answer:
    """All tags of an instance by name."""
    return Answer.json(_tags_of_instance(request, context, id, TagForm.SIMPLIFY))


def get_header(request: Request, context: Context, id: str) -> Answer:
    """The file meta information of an instance."""
    with open_instance(context, id) as file:
        return Answer.json(tagjson.meta_json(file, _written(form_of(request, TagForm.FULL))))


def get_module(request: Request, context: Context, level: Level, id: str) -> Answer:
    """The tags of the DICOM module that belongs to the level."""
    return _module(request, context, level, id, MODULES[level])


def get_patient_module(request: Request, context: Context, id: str) -> Answer:
    """The tags of the patient, as a study has them."""
    return _module(request, context, Level.STUDY, id, MODULES[Level.PATIENT])


def list_instances_tags(request: Request, context: Context, level: Level, id: str) -> Answer:
    """The tags of every instance below a resource, by identifier."""
    form = form_of(request, TagForm.FULL)
    ignored = _ignored_lengths(request, context)
    return Answer.json_items(json_object(_tags_of_all(context, level, id, form, ignored)))


def get_shared_tags(request: Request, context: Context, level: Level, id: str) -> Answer:
    """The tags that have the same text in every instance below a resource."""
    return Answer.json(_in_form(_shared(context, level, id), form_of(request, TagForm.FULL)))


def _tags_of_instance(request: Request, context: Context, id: str, form: TagForm) -> _Tags:
    ignored = _ignored_lengths(request, context)
    with open_instance(context, id) as file:
        return tagjson.dataset_json(
            file,
            _written(form),
            ignore_length=ignored,
            whole=request.truth("whole", absent=False),
            default_encoding=context.policy.default_encoding,
            dictionary=context.dictionary,
        )


def _module(request: Request, context: Context, level: Level, id: str, module: Collection[int]) -> Answer:
    first = _first_instance(context, level, id)
    with open_kept(context, first.file, first.size) as file:
        found = tagjson.dataset_json(
            file,
            _written(form_of(request, TagForm.FULL)),
            ignore_length=_ignored_lengths(request, context),
            only=module,
            default_encoding=context.policy.default_encoding,
            dictionary=context.dictionary,
        )
    return Answer.json(found)


def _first_instance(context: Context, level: Level, id: str) -> InstanceFile:
    with closing(context.archive.resources.instance_files(level, id)) as files:
        for one in files:
            return one
    raise UnknownResource(f"The {level.title.lower()} {id} has no instance any more.")


def _tags_of_all(
    context: Context, level: Level, id: str, form: TagForm, ignored: Collection[int]
) -> Iterator[tuple[str, _Tags]]:
    for instance in context.archive.resources.instance_files(level, id):
        tags = _tags_or_none(context, instance, form, ignored, None)
        if tags is not None:
            yield instance.id, tags


def _shared(context: Context, level: Level, id: str) -> _Tags:
    """The shared tags in the full form; each further file is read for what is still shared only."""
    shared: _Tags | None = None
    with closing(context.archive.resources.instance_files(level, id)) as files:
        for instance in files:
            wanted = None if shared is None else frozenset(int(name[:4] + name[5:], 16) for name in shared)
            tags = _tags_or_none(context, instance, TagForm.FULL, (), wanted)
            if tags is None:
                continue
            if shared is None:
                shared = {name: value for name, value in tags.items() if value["Type"] == "String"}
            else:
                shared = {name: value for name, value in shared.items() if tags.get(name) == value}
            if not shared:
                break
    return shared or {}


def _tags_or_none(
    context: Context, instance: InstanceFile, form: TagForm, ignored: Collection[int], only: Collection[int] | None
) -> _Tags | None:
    """The tags of one of many; None when it was deleted meanwhile or cannot be read, which must not spoil the rest."""
    try:
        with open_kept(context, instance.file, instance.size) as file:
            return tagjson.dataset_json(
                file,
                _written(form),
                ignore_length=ignored,
                only=only,
                default_encoding=context.policy.default_encoding,
                dictionary=context.dictionary,
            )
    except (UnknownResource, UnreadableDicom, DamagedFile, TooLarge) as error:
        LOGGER.warning("The tags of instance %s are left out: %s", instance.id, error)
        return None


def _in_form(full: Mapping[str, Mapping[str, object]], form: TagForm) -> dict[str, object]:
    if form is TagForm.SHORT:
        return {name: value["Value"] for name, value in full.items()}
    if form is TagForm.SIMPLIFY:
        return {str(value["Name"]): value["Value"] for value in full.values()}
    return dict(full)


def _ignored_lengths(request: Request, context: Context) -> Collection[int]:
    return parse_tags(request.names("ignore-length", separator=","), context.dictionary)


def _written(form: TagForm) -> tagjson.TagForm:
    return tagjson.TagForm[form.name]


_ABOVE = "/<level:level:patients|studies|series>/<id>"
ROUTES = [
    Route("GET", "/instances/<id>/tags", get_tags),
    Route("GET", "/instances/<id>/simplified-tags", get_simplified_tags),
    Route("GET", "/instances/<id>/header", get_header),
    Route("GET", "/<level:level>/<id>/module", get_module),
    Route("GET", "/studies/<id>/module-patient", get_patient_module),
    Route("GET", f"{_ABOVE}/instances-tags", list_instances_tags),
    Route("GET", f"{_ABOVE}/shared-tags", get_shared_tags),
]
