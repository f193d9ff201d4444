"""`pacsberry-result.txt`: plain words for whoever put the card into a laptop, shown well by every editor.

The last part, about the network, is written later, when it is known; it begins at a ruler and can be replaced alone.
"""

from collections.abc import Sequence

from pacsberry_appliance.box import Mode, Settings
from pacsberry_appliance.box.settings import DEFAULT_AE_TITLE, DICOM_PORT
from pacsberry_appliance.firstboot.accounts import WEB_USER
from pacsberry_appliance.firstboot.deciding import Decision
from pacsberry_appliance.textfile import Reading
from pacsberry_appliance.words import Message, say

_RULER = "-" * 72
_MARK = b"\xef\xbb\xbf"


def result(
    decision: Decision,
    reading: Reading,
    remarks: Sequence[Message],
    *,
    admin_user: str,
    is_there: bool,
) -> bytes:
    """The bytes of the file."""
    language = decision.settings.language or "en"

    def words(key: str, **values: object) -> str:
        return say(key, **values).text(language)

    lines = [words("result_title"), ""]
    if not is_there:
        lines.append(words("result_missing"))
    elif reading.is_empty:
        lines.append(words("result_nothing"))
    for outcome in reading.outcomes:
        where = words("result_line", number=outcome.number) if outcome.number else words("result_file")
        name = f" ({outcome.key.name(language)})" if outcome.key is not None else ""
        lines.append(f"{'  ' if outcome.is_fine else '! '}{where}{name}: {outcome.message.text(language)}")
    if decision.imager or decision.imager_reasons:
        lines += ["", words("result_imager"), *(f"  {message.text(language)}" for message in decision.imager)]
        for name, reason in decision.imager_reasons:
            lines.append(f"! {words('imager_wrong', what=name)}: {reason.text(language)}")
    lines += ["", words("result_class"), *(f"  {line}" for line in _class(decision, language))]
    lines += ["", *_admin(decision, admin_user, language)]
    return encoded(lines + network_part(decision.settings, remarks))


def network_part(settings: Settings, remarks: Sequence[Message]) -> list[str]:
    """The last part, with its ruler; nothing when there is nothing to note."""
    language = settings.language or "en"
    if not remarks:
        return []
    shown = dict.fromkeys(remark.text(language) for remark in remarks)
    return ["", _RULER, say("result_remarks").text(language), *(f"* {text}" for text in shown)]


def with_network_part(content: bytes, settings: Settings, remarks: Sequence[Message]) -> bytes:
    """The file with that part replaced."""
    text = content.removeprefix(_MARK).decode(errors="replace").replace("\r\n", "\n")
    before = text.split(f"\n{_RULER}\n", 1)[0].rstrip("\n").split("\n")
    return encoded(before + network_part(settings, remarks))


def encoded(lines: Sequence[str]) -> bytes:
    """As every editor on every system shows it."""
    return _MARK + ("\r\n".join(lines) + "\r\n").encode()


def _class(decision: Decision, language: str) -> list[str]:
    settings = decision.settings

    def words(key: str, **values: object) -> str:
        return say(key, **values).text(language)

    lines = []
    if settings.mode is Mode.ACCESS_POINT:
        lines.append(words("class_wifi", name=settings.wifi_name))
        if decision.wifi_is_made_up:
            lines.append(words("result_password", password=settings.wifi_password) + f"  ({words('result_made_up')})")
        else:  # who gave it knows it; later on, console and poster show it
            lines.append(words("result_password_given" if decision.wifi_is_given else "result_password_kept"))
    elif settings.mode is Mode.EXTERNAL_ACCESS_POINT:
        lines.append(words("class_external"))
    else:
        lines.append(words("class_client"))
    lines.append(words("class_site", site=settings.short_site))
    if settings.gives_addresses:
        lines.append(words("class_site", site=f"http://{settings.address}/"))
    if not settings.login:
        lines.append(words("login_off"))
    lines.append(words("class_dicom", title=settings.ae_title or DEFAULT_AE_TITLE, port=DICOM_PORT))
    return lines


def _admin(decision: Decision, admin_user: str, language: str) -> list[str]:
    def words(key: str, **values: object) -> str:
        return say(key, **values).text(language)

    lines = [words("result_admin_web", user=WEB_USER), words("result_admin_ssh", user=admin_user)]
    if decision.admin_is_made_up:
        lines.append(words("result_password", password=decision.admin_password) + f"  ({words('result_made_up')})")
        lines += ["", words("result_once")]
    else:
        lines.append(words("result_password_given" if decision.admin_password else "result_admin_kept"))
    return lines
