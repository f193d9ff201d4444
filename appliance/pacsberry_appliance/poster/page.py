"""The poster: one page to print, A4 or Letter, readable from the back of the room. No script, nothing loaded."""

from html import escape

from pacsberry_appliance.poster import codes
from pacsberry_appliance.poster.invitation import Invitation
from pacsberry_appliance.words import say

_STYLE = """\
* { box-sizing: border-box }
body { font: 18px/1.4 system-ui, -apple-system, "Segoe UI", sans-serif; color: #111; background: #fff; margin: 0 auto;
  padding: 24px; max-width: 900px; text-align: center }
h1 { font-size: 40px; margin: 0 0 8px; overflow-wrap: anywhere }
h2 { font-size: 28px; margin: 16px 0 8px }
.steps { display: flex; flex-wrap: wrap; gap: 32px; justify-content: center }
.step { flex: 1 1 320px; break-inside: avoid }
.step svg { width: 100%; max-width: 340px; height: auto }
dl { margin: 0; font-size: 20px }
dt { color: #444; font-size: 16px }
dd { margin: 0 0 8px; font-weight: 600; overflow-wrap: anywhere }
.secret { font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace }
footer { margin-top: 24px; color: #444; font-size: 15px }
@page { margin: 12mm }
"""


def page(invitation: Invitation) -> str:
    """The HTML of the poster."""

    def words(key: str) -> str:
        return escape(say(key).text(invitation.language))

    steps = []
    first, second = ("1. ", "2. ") if invitation.wifi_name else ("", "")
    if invitation.wifi_name:
        steps.append(
            f"<section class=step><h2>{first}{words('poster_join')}</h2>{codes.svg(invitation.joining)}<dl>"
            f"<dt>{words('poster_wifi')}</dt><dd>{escape(invitation.wifi_name)}</dd>"
            f"<dt>{words('poster_password')}</dt><dd class=secret>{escape(invitation.wifi_password)}</dd>"
            "</dl></section>"
        )
    by_number = f"<dt>{words('poster_or')}</dt><dd>{escape(invitation.address)}</dd>" if invitation.address else ""
    steps.append(
        f"<section class=step><h2>{second}{words('poster_open')}</h2>{codes.svg(invitation.link)}<dl>"
        f"<dt>{words('poster_address')}</dt><dd>{escape(invitation.site)}</dd>{by_number}</dl></section>"
    )
    footer = words("poster_footer" if invitation.wifi_name else "poster_footer_one")
    return (
        f'<!doctype html><html lang="{escape(invitation.language)}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><title>{escape(invitation.box)}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{escape(invitation.box)}</h1>"
        f'<div class="steps">{"".join(steps)}</div><footer>{footer}</footer></body></html>\n'
    )
