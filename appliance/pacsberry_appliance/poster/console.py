"""The same for the screen at the box: 80 columns, 25 lines, codes to scan off the monitor."""

from pacsberry_appliance.poster import codes
from pacsberry_appliance.poster.invitation import Invitation
from pacsberry_appliance.words import Message, say

_COLUMNS = 80


def text(invitation: Invitation, remarks: tuple[Message, ...] = (), *, password: str = "") -> str:
    """The text, ready for a terminal. `password`: of the administrator, in the one boot in which it was made up."""
    language = invitation.language
    parts = [f"{invitation.box}"]
    blocks: list[list[str]] = []
    if invitation.wifi_name:
        blocks.append(codes.lines(invitation.joining))
        parts.append(f"  1. {say('poster_join').text(language)}: {invitation.wifi_name}")
        parts.append(f"     {say('poster_password').text(language)}: {invitation.wifi_password}")
    blocks.append(codes.lines(invitation.link))
    parts.append(f"  {len(blocks)}. {say('poster_open').text(language)}: {invitation.site}")
    if invitation.address:
        parts.append(f"     {say('poster_or').text(language)} {invitation.address}")
    if password:
        parts.append(f"  {say('console_admin').text(language)}: {password}")
    parts += [f"  ! {remark.text(language)}" for remark in remarks]
    return "\n".join([*_side_by_side(blocks), *parts]) + "\n"


def _side_by_side(blocks: list[list[str]]) -> list[str]:
    gap = 4
    if sum(len(block[0]) for block in blocks) + gap * (len(blocks) - 1) > _COLUMNS:
        blocks = blocks[:1]  # a long name makes a large code: the one that is longest to type goes first
    height = max(len(block) for block in blocks)
    padded = [block + [" " * len(block[0])] * (height - len(block)) for block in blocks]
    return [(" " * gap).join(row).rstrip() for row in zip(*padded, strict=True)]
