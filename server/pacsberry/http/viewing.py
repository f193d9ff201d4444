"""Reads from a request what the client wants to see of resources, and in which words (S5, S7)."""

from collections.abc import Iterable, Mapping

from pacsberry.archive.views import DEFAULT_CONTENT, Content, TagForm, View, parse_content
from pacsberry.dicom.names import TagDictionary
from pacsberry.errors import BadRequest
from pacsberry.http.request import Request, is_true

_FORMS = tuple(TagForm)
_MOST_TAGS = 256  # asked for at once


def form_of(request: Request, default: TagForm) -> TagForm:
    """The form of tags that a GET asks for: `simplify`, `short` or `full`, with any value."""
    return next((form for form in _FORMS if request.flag(form.value.lower())), default)


def view_of(request: Request, dictionary: TagDictionary) -> View:
    """The view that a GET asks for."""
    return View(
        form=form_of(request, TagForm.SIMPLIFY),
        requested_tags=parse_tags(request.names("requested-tags"), dictionary),
        content=_content(request.names("response-content")),
    )


def form_of_body(body: Mapping[str, object]) -> TagForm:
    """The form of tags that a body asks for: `Simplify`, `Short` or `Full` set to true."""
    for form in _FORMS:
        if form.value in body and is_true(body[form.value], form.value):
            return form
    return TagForm.SIMPLIFY


def view_of_body(body: Mapping[str, object], dictionary: TagDictionary) -> View:
    """The view that the body of a search asks for."""
    return View(
        form=form_of_body(body),
        requested_tags=parse_tags(texts_of(body, "RequestedTags"), dictionary),
        content=_content(texts_of(body, "ResponseContent")),
    )


def texts_of(body: Mapping[str, object], name: str) -> list[str]:
    """A list of strings in a body; empty when the field is absent."""
    value = body.get(name, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise BadRequest(f"{name}: a list of strings is expected.")
    return value


def parse_tags(names: Iterable[str], dictionary: TagDictionary) -> tuple[int, ...]:
    """The tags of names, keywords or numbers; BadRequest for a name that means none, and for too many."""
    tags = tuple(dict.fromkeys(parse_tag(name, dictionary) for name in names))
    if len(tags) > _MOST_TAGS:
        raise BadRequest(f"At most {_MOST_TAGS} tags can be asked for at once.")
    return tags


def parse_tag(name: str, dictionary: TagDictionary) -> int:
    """The tag of one name; BadRequest when it means none."""
    tag = dictionary.parse(name)
    if tag is None:
        raise BadRequest(f"{name[:80]!r} is no DICOM tag: use a keyword such as PatientID, or gggg,eeee.")
    return tag


def _content(names: list[str]) -> frozenset[Content]:
    return parse_content(names) if names else DEFAULT_CONTENT
