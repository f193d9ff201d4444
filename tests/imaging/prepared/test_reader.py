"""The reader in JavaScript that PICTURES.md shows reads our packs, also when they arrive in crumbs."""

import io
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from pacsberry.imaging.prepared.packfile import PackWriter

_DOCUMENT = Path(__file__).parents[3] / "server" / "PICTURES.md"
_READ = """
import { readFileSync } from "node:fs";
import { readPack } from "./reader.mjs";
const data = readFileSync("pack"), told = [], crumb = Number(process.argv[2]);
const body = new ReadableStream({
  start(controller) {
    for (let at = 0; at < data.length; at += crumb) controller.enqueue(new Uint8Array(data.subarray(at, at + crumb)));
    controller.close();
  },
});
const shown = [];
await readPack(new Response(body), (number, blob, facts) => shown.push([number, blob, facts.Pictures]));
for (const [number, blob, count] of shown) told.push([number, await blob.text(), blob.type, count]);
console.log(JSON.stringify(told));
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
@pytest.mark.parametrize("crumb", [7, 1000, 10**6])
def test_the_reader_of_the_document_reads_a_pack(crumb: int, tmp_path: Path) -> None:
    (reader,) = re.findall(r"```js\n(// Calls show.*?)```", _DOCUMENT.read_text(), re.DOTALL)
    (tmp_path / "reader.mjs").write_text(reader)
    (tmp_path / "read.mjs").write_text(_READ)
    with (tmp_path / "pack").open("w+b") as file:
        writer = PackWriter(file, 3)
        for number, picture in ((1, b"middle" * 200), (0, b"first")):
            writer.append(number, io.BytesIO(picture), len(picture))
        writer.finish({"MediaType": "image/webp"}, {2: "broken"})

    run = subprocess.run(["node", "read.mjs", str(crumb)], cwd=tmp_path, capture_output=True, check=True, timeout=60)

    assert json.loads(run.stdout) == [[1, "middle" * 200, "image/webp", 3], [0, "first", "image/webp", 3]]
