"""ZIP archives of patients, studies and series, made while they are sent (S16).

A series at a time is read from the index, so that a slow download of a large study neither holds a snapshot of the
index open nor its list in memory.  Files of compressed syntaxes are stored: they would not get smaller.  What cannot be
transcoded as the client asks is packed as it is, as in Orthanc.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pacsberry.archive import Archive, FileStore
from pacsberry.archive.forms import is_packed
from pacsberry.archive.packedfile import deflated
from pacsberry.archive.resources import InstanceFile
from pacsberry.dicom.archive_names import UniqueNames, file_name, folder_name
from pacsberry.dicom.syntax import UNCOMPRESSED_SYNTAXES
from pacsberry.errors import BadRequest, NoRoom, NotUnderstood, UnknownResource, UnreadableDicom
from pacsberry.http.answers import ZIP, Answer
from pacsberry.http.context import Context
from pacsberry.http.request import Request, is_true
from pacsberry.http.routing import Route
from pacsberry.imaging.limits import PixelsFailed, TooManyPictures
from pacsberry.model import Level
from pacsberry.zipwriter import ZipStream

if TYPE_CHECKING:
    from pacsberry.imaging.transcoding import Transcoded

LOGGER = logging.getLogger("pacsberry.http")

_MOST_RESOURCES = 100_000  # of one archive


_Plan = dict[str, set[str] | None]  # series: the instances wanted, None for all


@dataclass(frozen=True, slots=True)
class _Options:
    """How an archive is packed."""

    utf8: bool  # names keep letters of all scripts
    transfer_syntax: str = ""  # files are transcoded to it where that can be done; '': none are
    quality: int = 90  # where that loses something


@dataclass(frozen=True, slots=True)
class _Entry:
    """One file of the archive."""

    name: str
    file: str  # for FileStore.open
    size: int  # bytes
    transfer_syntax_uid: str
    sop_uid: str


def get_archive(request: Request, context: Context, level: Level, id: str) -> Answer:
    """The archive of one resource."""
    filename = request.arguments.get("filename") or f"{id}.zip"
    return _answer(context, [(level, id)], filename, _of_address(request, context))


def post_archive(request: Request, context: Context, level: Level, id: str) -> Answer:
    """The same, with its options in the body."""
    options = request.json_object_or_nothing
    return _answer(context, [(level, id)], _filename(options, f"{id}.zip"), _of_body(options, context))


def get_archive_of_many(request: Request, context: Context) -> Answer:
    """The archive of the resources in `?resources=a,b`."""
    resources = _located(context, request.names("resources", ","))
    filename = request.arguments.get("filename") or "Archive.zip"
    return _answer(context, resources, filename, _of_address(request, context))


def post_archive_of_many(request: Request, context: Context) -> Answer:
    """The archive of the resources in a JSON array, or in `Resources` of an object."""
    body = request.json
    options: Mapping[str, object] = body if isinstance(body, dict) else {}
    names = options.get("Resources") if isinstance(body, dict) else body
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise BadRequest("Resources: a list of identifiers is expected.")
    packing = _of_body(options, context)
    return _answer(context, _located(context, names), _filename(options, "Archive.zip"), packing)


def _answer(context: Context, resources: Sequence[tuple[Level, str]], filename: str, options: _Options) -> Answer:
    plan = _plan(context.archive, resources)
    return Answer.stream(_pack(context, plan, options), ZIP).with_filename(filename)


def _plan(archive: Archive, resources: Iterable[tuple[Level, str]]) -> _Plan:
    """The series to pack, each with the instances wanted of it; UnknownResource when a resource is not there."""
    plan: _Plan = {}
    for level, resource_id in resources:
        if level is Level.INSTANCE:
            series = archive.resources.ancestor(level, resource_id, Level.SERIES)
            wanted = plan.setdefault(series, set())
            if wanted is not None:
                wanted.add(resource_id)
        elif level is Level.SERIES:
            archive.resources.locate(level, resource_id)
            plan[resource_id] = None
        else:
            plan.update(dict.fromkeys(archive.resources.children(level, resource_id, Level.SERIES)))
    return plan


def _pack(context: Context, plan: _Plan, options: _Options) -> Iterator[bytes]:
    stream = ZipStream(deflate_level=context.settings.archive_deflate_level, now=context.clock.now())
    tree = _Tree(utf8=options.utf8)
    for series, wanted in plan.items():
        for entry in _entries(context.archive, series, wanted, tree):
            try:
                done = _transcoded(context, entry, options)
                if done is not None:
                    deflate = options.transfer_syntax in UNCOMPRESSED_SYNTAXES
                    with done.file:
                        yield from stream.member(entry.name, done.file, done.length, deflate=deflate)
                    continue
                yield from _member(context.archive.files, stream, entry)
            except UnknownResource:  # deleted since its series was read
                LOGGER.warning("%s was deleted while it was to be packed; the archive lacks it.", entry.name)
    yield from stream.finish()


def _transcoded(context: Context, entry: _Entry, options: _Options) -> "Transcoded | None":
    """The file of an entry in the syntax asked for; None when it goes as it is, perhaps because it has to."""
    wanted = options.transfer_syntax
    if not wanted or wanted == entry.transfer_syntax_uid:
        return None
    try:
        return context.pictures.transcode(
            entry.file, wanted, sop_uid=entry.sop_uid, quality=options.quality, size=entry.size
        )
    except (NotUnderstood, UnreadableDicom, PixelsFailed, TooManyPictures, NoRoom) as error:
        LOGGER.info("%s is packed as it is stored: %s", entry.name, error)
        return None


def _member(files: FileStore, stream: ZipStream, entry: _Entry) -> Iterator[bytes]:
    """One member; UnknownResource before its first byte."""
    if is_packed(entry.file):  # what is deflated in the storage is so in the archive, without another thought
        with suppress(UnknownResource), files.open_stored(entry.file) as file:  # unless it was unpacked meanwhile
            files.open(entry.file, entry.size).close()  # DamagedFile when it does not hold what the index says
            found = deflated(file, entry.file)
            file.seek(found.offset)
            yield from stream.packed_member(entry.name, file, found.length, crc32=found.crc32, size=found.size)
            return
    with files.open(entry.file, entry.size) as file:
        deflate = entry.transfer_syntax_uid in UNCOMPRESSED_SYNTAXES
        yield from stream.member(entry.name, file, entry.size, deflate=deflate)


def _entries(archive: Archive, series: str, wanted: set[str] | None, tree: "_Tree") -> list[_Entry]:
    entries: list[_Entry] = []
    names = UniqueNames()
    try:
        for place, instance in enumerate(archive.resources.instance_files(Level.SERIES, series), start=1):
            if wanted is None or instance.id in wanted:
                modality = instance.main_tags[Level.SERIES].get("Modality", "")
                number = instance.main_tags[Level.INSTANCE].get("InstanceNumber", "")
                name = tree.folder(instance) + names.add(file_name(modality, number, place))
                sop_uid = instance.main_tags[Level.INSTANCE].get("SOPInstanceUID", "")
                entries.append(_Entry(name, instance.file, instance.size, instance.transfer_syntax_uid, sop_uid))
    except UnknownResource:
        LOGGER.warning("Series %s was deleted while it was to be packed; the archive lacks it.", series)
    return entries


class _Tree:
    """The folders of an archive: patient, study, series, each with a name of its own."""

    def __init__(self, *, utf8: bool) -> None:
        self._utf8 = utf8
        self._folders: dict[str, str] = {}  # identifier of a resource: its folder, with a slash at the end
        self._names: dict[str, UniqueNames] = {}  # folder: the names in it

    def folder(self, instance: InstanceFile) -> str:
        """The folder of an instance's series."""
        folder = ""
        for level in (Level.PATIENT, Level.STUDY, Level.SERIES):
            resource = instance.ids[level]
            if resource not in self._folders:
                name = folder_name(level, instance.main_tags[level], utf8=self._utf8)
                self._folders[resource] = folder + self._names.setdefault(folder, UniqueNames()).add(name) + "/"
            folder = self._folders[resource]
        return folder


def _located(context: Context, names: Sequence[str]) -> list[tuple[Level, str]]:
    if not names:
        raise BadRequest("Resources: the list is empty; name what to pack.")
    if len(names) > _MOST_RESOURCES:
        raise BadRequest(f"Resources: more than {_MOST_RESOURCES} in one archive.")
    return [(context.archive.resources.level_of(name), name) for name in dict.fromkeys(names)]


def _filename(options: Mapping[str, object], default: str) -> str:
    name = options.get("Filename", default)
    if not isinstance(name, str):
        raise BadRequest("Filename: a text is expected.")
    return name


def _of_address(request: Request, context: Context) -> _Options:
    return _options(
        context, context.settings.zip_utf8, request.arguments.get("transcode"), request.arguments.get("lossy-quality")
    )


def _of_body(options: Mapping[str, object], context: Context) -> _Options:
    """The options of a POST; refuses what cannot be done yet."""
    if is_true(options.get("Asynchronous", False), "Asynchronous") or not is_true(
        options.get("Synchronous", True), "Synchronous"
    ):
        raise BadRequest("Archives are made while they are sent; leave Asynchronous out.")
    utf8 = is_true(options.get("Utf8", context.settings.zip_utf8), "Utf8")
    return _options(context, utf8, options.get("Transcode"), options.get("LossyQuality"))


def _options(context: Context, utf8: bool, syntax: object, quality: object) -> _Options:
    if syntax is None and quality is None:
        return _Options(utf8)
    from pacsberry.http.transcoding import asked_quality, asked_syntax  # few ask for that
    from pacsberry.imaging.targets import ALL

    wanted = asked_syntax(syntax)
    if wanted and wanted not in ALL:
        raise NotUnderstood(f"Nothing is transcoded to transfer syntax {wanted}.")
    return _Options(utf8, wanted, asked_quality(quality, context))


ROUTES = [
    Route("GET", "/<level:level:patients|studies|series>/<id>/archive", get_archive),
    Route("POST", "/<level:level:patients|studies|series>/<id>/archive", post_archive, reads=True),
    Route("GET", "/tools/create-archive", get_archive_of_many),
    Route("POST", "/tools/create-archive", post_archive_of_many, reads=True),
]
