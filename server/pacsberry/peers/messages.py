"""DIMSE messages on an established association: commands and data sets in, commands and data sets out.

A data set is never held here: its fragments go to whoever wants them as they come off the network, or come out
of a file.  One thread at a time.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from pacsberry.errors import UnreadableDicom
from pacsberry.peers.commands import C_CANCEL_RQ, MESSAGE_ID_RESPONDED_TO, Command, read_command
from pacsberry.peers.pdata import INVALID_PARAMETER, FileCutter, Fragment, MalformedPdu, fragments, pdus
from pacsberry.peers.upper_layer import AssociationEnded, Silence, UpperLayer

_LARGEST_COMMAND_BYTES = 16384  # a few hundred are usual
_LARGEST_IDENTIFIER_BYTES = 1 << 20
_MOST_FRAGMENTS = 4096  # of one command; a peer must not keep us busy with empty ones


@dataclass(frozen=True, slots=True)
class Context:
    """A presentation context that was agreed on."""

    context_id: int
    abstract_syntax: str
    transfer_syntax: str
    may_send: bool = False  # we are the SCU of it: as the acceptor, the peer took the SCP role (C-GET)


class Messages:
    """Both directions of the conversation on one association."""

    def __init__(
        self,
        layer: UpperLayer,
        contexts: Mapping[int, Context],
        *,
        fragment_bytes: int,
        idle_seconds: float | None,
    ) -> None:
        """`fragment_bytes`: the most the peer takes; `idle_seconds`: how long it may say nothing (None: for ever)."""
        self._layer = layer
        self.contexts = contexts
        self._fragment_bytes = fragment_bytes
        self._idle_seconds = idle_seconds
        self._fragments: Iterator[Fragment] = iter(())  # of the PDU that was read last
        self._cutter: FileCutter | None = None

    # -- in

    def next_command(self) -> Command:
        """The next command; a data set that it announces must be received next.  Raises AssociationEnded."""
        data = bytearray()
        context_id = 0
        for count in range(_MOST_FRAGMENTS):
            fragment = self._next_fragment()
            if not fragment.is_command:
                raise self._layer.abort("sent a data set before its command")
            if count and fragment.context_id != context_id:
                raise self._layer.abort("changed the presentation context inside a command")
            context_id = fragment.context_id
            if len(data) + len(fragment.data) > _LARGEST_COMMAND_BYTES:
                raise self._layer.abort(f"sent a command of more than {_LARGEST_COMMAND_BYTES} bytes")
            data += fragment.data
            if fragment.is_last:
                try:
                    return read_command(context_id, data)
                except UnreadableDicom as error:
                    raise self._layer.abort(f"sent a command that cannot be read ({error})") from None
        raise self._layer.abort(f"sent a command in more than {_MOST_FRAGMENTS} fragments")

    def receive_dataset(self, command: Command, take: Callable[[memoryview], object]) -> None:
        """Give the data set of `command` to `take`, piece by piece as it comes.  Raises AssociationEnded.

        `take` keeps its own errors: the data set is to be received to its end, or the association to be aborted.
        """
        while True:
            fragment = self._next_fragment()
            if fragment.is_command:
                raise self._layer.abort("sent a command where a data set was due")
            if fragment.context_id != command.context_id:
                raise self._layer.abort("sent a data set in another presentation context than its command")
            take(fragment.data)
            if fragment.is_last:
                return

    def discard_dataset(self, command: Command) -> None:
        """Receive the data set of `command`, if it has one, for nothing."""
        if command.has_dataset:
            self.receive_dataset(command, len)

    def collect_dataset(self, command: Command) -> bytes:
        """The data set of `command` in memory: for identifiers, which are small.  Raises AssociationEnded."""
        data = bytearray()

        def take(piece: memoryview) -> None:
            if len(data) + len(piece) > _LARGEST_IDENTIFIER_BYTES:
                raise self._layer.abort(f"sent an identifier of more than {_LARGEST_IDENTIFIER_BYTES} bytes")
            data.extend(piece)

        if command.has_dataset:
            self.receive_dataset(command, take)
        return bytes(data)

    def is_cancelled(self, request: Command) -> bool:
        """Whether the peer has sent a C-CANCEL for `request`; looks, never waits for a peer that said nothing."""
        while self._layer.has_data():
            command = self.next_command()
            if command.field != C_CANCEL_RQ:
                raise self._layer.abort("sent a request while another one was being answered")
            if command.number(MESSAGE_ID_RESPONDED_TO) == request.message_id:
                return True
        return False

    # -- out

    def send(self, context_id: int, command: bytes, dataset: bytes | None = None) -> None:
        """Send a message whose parts are in memory.  Raises AssociationEnded."""
        data = self.encoded_command(context_id, command)
        self._layer.write(data if dataset is None else data + self.encoded_dataset(context_id, dataset))

    def encoded_command(self, context_id: int, command: bytes) -> bytes:
        """The PDUs of a command, for those who send many messages with one `write`."""
        return pdus(context_id, command, self._fragment_bytes, is_command=True)

    def encoded_dataset(self, context_id: int, dataset: bytes) -> bytes:
        """The PDUs of a data set, to follow those of its command."""
        return pdus(context_id, dataset, self._fragment_bytes, is_command=False)

    def write(self, data: bytes | bytearray) -> None:
        """Send PDUs made by the two above.  Raises AssociationEnded."""
        self._layer.write(data)

    def send_file(self, context_id: int, command: bytes, file: BinaryIO, offset: int, length: int) -> None:
        """Send a command and, as its data set, `length` bytes of an open file.  Raises AssociationEnded.

        After an OSError or DamagedFile the message is incomplete and the association of no further use.
        """
        if self._cutter is None:
            self._cutter = FileCutter(self._fragment_bytes)
        self.send(context_id, command)
        self._cutter.send(file, offset, length, context_id, self._layer.write)

    def abort(self, text: str) -> AssociationEnded:
        """Abort the association; the caller raises what is returned."""
        return self._layer.abort(text)

    def _next_fragment(self) -> Fragment:
        try:
            fragment = next(self._fragments, None)
            if fragment is None:
                self._fragments = fragments(self._layer.next_pdata(self._idle_seconds))
                fragment = next(self._fragments)
        except MalformedPdu as error:
            raise self._layer.protocol_error(f"sent {error}", error.reason) from None
        except Silence:
            raise self._layer.abort(f"said nothing for {self._idle_seconds:g} seconds") from None
        if fragment.context_id not in self.contexts:
            raise self._layer.protocol_error(
                f"used presentation context {fragment.context_id}, which was not agreed on", INVALID_PARAMETER
            )
        return fragment
