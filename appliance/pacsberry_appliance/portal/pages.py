"""The pages of the portal. The welcome page has to work in the sheet of an iPad: no script, nothing to save."""

from functools import lru_cache
from html import escape
from urllib.parse import urlsplit

from pacsberry_appliance.poster import Invitation
from pacsberry_appliance.words import say

_STYLE = """\
body { font: 20px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; color: #111; background: #fff; margin: 0 auto;
  padding: 24px; max-width: 640px; text-align: center }
h1 { font-size: 32px; overflow-wrap: anywhere }
a.go, button { display: block; width: 100%; box-sizing: border-box; border: 0; border-radius: 12px; background: #0b5cad;
  color: #fff; font: inherit; font-size: 26px; padding: 20px; margin: 24px 0; text-decoration: none; cursor: pointer }
a.go:focus-visible, button:focus-visible { outline: 4px solid #f5a300 }
.address { font-size: 26px; font-weight: 600; overflow-wrap: anywhere }
"""


def welcome_address(invitation: Invitation) -> str:
    """Where the welcome page is, on port 80."""
    parts = urlsplit(invitation.address or invitation.site)
    return f"http://{parts.hostname}/welcome"


@lru_cache(maxsize=4)
def welcome(invitation: Invitation, *, is_known: bool) -> str:
    """First one button; after it the way to the real browser, which an iPad's sheet opens once the probe succeeds."""

    def words(key: str) -> str:
        return escape(say(key).text(invitation.language))

    site = escape(invitation.link)
    if is_known:
        action = f'<a class="go" href="{site}">{words("welcome_open")}</a><p>{words("welcome_or_type")}</p>'
    else:
        action = (
            f'<form method="post" action="/welcome"><button>{words("welcome_continue")}</button></form>'
            f"<p>{words('welcome_then_type')}</p>"
        )
    return (
        f'<!doctype html><html lang="{escape(invitation.language)}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><title>{escape(invitation.box)}</title>'
        f"<style>{_STYLE}</style></head><body><main><h1>{words('welcome_title')} {escape(invitation.box)}</h1>"
        f'{action}<p class="address">{escape(invitation.site)}</p></main></body></html>\n'
    )


@lru_cache(maxsize=2)
def poster(invitation: Invitation) -> str:
    """The poster, for printing from the browser."""
    from pacsberry_appliance.poster.page import page  # QR codes are made when somebody asks for one

    return page(invitation)
