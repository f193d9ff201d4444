"""Chooses the one window through which a whole stack is shown, so that it does not flicker when it is scrolled."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from pacsberry.imaging.survey import StackWindow, Survey

_VOLUMES: Final = frozenset(("CT", "MR", "PT", "NM"))  # modalities whose pictures belong together as slices do
_MAJORITY: Final = 0.75  # of the frames that name a window: a localiser among slices may name another one
_DARKEST, _BRIGHTEST = 0.01, 0.995  # the shares of all values that end up as black, and do not yet as white


def window_of_stack(surveys: Sequence[Survey]) -> StackWindow | None:
    """The window; None when each frame is best shown through its own, or has colours."""
    grey = [survey for survey in surveys if not survey.is_colour]
    if not grey:
        return None
    windows = Counter(survey.window for survey in grey if survey.window is not None)
    if not windows:
        return None if any(survey.has_table for survey in grey) else _of_values(grey)
    window, count = windows.most_common(1)[0]
    if count >= _MAJORITY * len(grey):
        return window
    # Scanners choose a window for each slice of MR; for radiographs it is a choice that somebody made for that one.
    return _of_values(grey) if all(survey.modality in _VOLUMES for survey in grey) else None


def _of_values(surveys: Sequence[Survey]) -> StackWindow | None:
    """From nearly the darkest to nearly the brightest value of all: single bright pixels do not darken the rest."""
    values = sorted(value for survey in surveys for value in survey.quantiles)
    if not values:
        return None
    lowest, highest = values[int(_DARKEST * (len(values) - 1))], values[round(_BRIGHTEST * (len(values) - 1))]
    if lowest == highest:  # little but one value: masks of small things
        lowest, highest = values[0], values[-1]
    if lowest == highest:
        highest = lowest + 1  # black
    return StackWindow((lowest + highest) / 2, highest - lowest, "LINEAR_EXACT")
