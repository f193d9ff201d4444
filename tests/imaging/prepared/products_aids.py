"""What the tests of packs share: stacks of slices, and what was made of them."""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pacsberry.imaging.pictures import Pictures
from pacsberry.imaging.prepared.packfile import Pack
from pacsberry.imaging.prepared.products import Kind, Made, Source, make_products
from tests.imaging.aids import Folder

CT: Final = {"WindowCenter": 1000, "WindowWidth": 1000}


class Products:
    """What was made, and read back."""

    def __init__(self, pictures: Pictures, folder: Path, sources: list[Source], *kinds: Kind) -> None:
        paths = {kind: folder / f"{kind}.out" for kind in kinds}
        with ExitStack() as stack:
            files = {kind: stack.enter_context(path.open("w+b", buffering=0)) for kind, path in paths.items()}
            self.made: Mapping[Kind, Made] = make_products(pictures, sources, files)
        self.data = {kind: path.read_bytes() for kind, path in paths.items()}
        self.packs = {}
        for kind in set(kinds) - {Kind.THUMBNAIL}:
            with paths[kind].open("rb") as file:
                self.packs[kind] = Pack.read(file)

    def picture(self, kind: Kind, number: int) -> NDArray[Any]:
        from imagecodecs import _jpegls, _webp

        start, length = self.packs[kind].places[number]
        data = self.data[kind][start : start + length]
        return np.asarray(_webp.webp_decode(data) if kind is Kind.PREVIEW else _jpegls.jpegls_decode(data))


def disc(side: int, value: int, dtype: str = "u2") -> NDArray[Any]:
    """A disc in the middle, brighter than what is around."""
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    return np.where(x * x + y * y < (side / 3) ** 2, value, 100).astype(dtype)


def noise(side: int, level: int, amplitude: int, seed: int) -> NDArray[np.uint16]:
    """A disc in correlated noise, as a scanner's reconstruction leaves it."""
    random = np.random.default_rng(seed)
    grain = random.normal(0, amplitude, (side + 1, side + 1))
    grain = grain[1:, 1:] + grain[:-1, 1:] + grain[1:, :-1]
    return np.asarray(np.clip(disc(side, level) + grain, 0, 4095), np.uint16)


def put(folder: Folder, *files: bytes) -> list[Source]:
    return [Source(folder.put(f"{number}.dcm", data), None) for number, data in enumerate(files)]
