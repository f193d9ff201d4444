"""QR codes as a picture for paper and as text for the console. segno makes them; it is imported when one is wanted.

Always UTF-8, as a Wi-Fi name is, and without saying so in the code: phones expect it; some fail where it is said.
"""

import io


def svg(content: str) -> str:
    """An SVG element without a size of its own, black on white, with the quiet zone the standard asks for."""
    import segno

    out = io.BytesIO()
    segno.make(content, micro=False, error="m", encoding="utf-8").save(
        out, kind="svg", border=4, light="#fff", xmldecl=False, svgns=True, omitsize=True, nl=False
    )
    return out.getvalue().decode()


def lines(content: str) -> list[str]:
    """Lines for a dark console: two rows of the code in one, made of the block characters every console font has."""
    import segno

    border = 2  # less than the standard's four: a console has 25 lines, and the darkness around is not read
    rows = [
        list(row) for row in segno.make(content, micro=False, error="l", encoding="utf-8").matrix_iter(border=border)
    ]
    if len(rows) % 2:
        rows.append([1] * len(rows[0]))  # below the code nothing is lit
    signs = {(0, 0): "\u2588", (0, 1): "\u2580", (1, 0): "\u2584", (1, 1): " "}
    return [
        "".join(signs[min(above, 1), min(below, 1)] for above, below in zip(*pair, strict=True))
        for pair in zip(rows[::2], rows[1::2], strict=True)
    ]
