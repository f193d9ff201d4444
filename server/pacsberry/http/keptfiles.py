"""Answers with a whole file from the storage, in the form that suits the client."""

from functools import partial

from pacsberry.archive.attachments import Attachment
from pacsberry.http.answers import Answer
from pacsberry.http.context import Context


def kept_answer(context: Context, attachment: Attachment, media_type: str) -> Answer:
    """The content; a packed file goes out as it lies to a client that takes gzip.  UnknownResource, DamagedFile."""
    files = context.archive.files
    if attachment.stored_size is None:
        answer = Answer.part(files.open(attachment.file, attachment.size), 0, attachment.size, media_type)
    else:
        answer = Answer.packed(
            partial(files.open_stored, attachment.file, attachment.stored_size),
            attachment.stored_size,
            partial(files.open, attachment.file, attachment.size),
            attachment.size,
            media_type,
        )
    return answer.with_header("ETag", attachment.etag)
