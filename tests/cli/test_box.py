"""How a command finds the storage: what its options and PACSBERRY_CONFIG lead to."""

import json
from pathlib import Path

from click.testing import CliRunner

from pacsberry.cli.main import pacsberry as command


def test_the_variable_holds_paths_with_colons_between_them_and_blanks_in_them(tmp_path: Path) -> None:
    folder = tmp_path / "Übung am Montag"
    folder.mkdir()
    (folder / "one.json").write_text(json.dumps({"StorageDirectory": str(folder / "storage")}))
    (folder / "two.json").write_text(json.dumps({"Name": "Übung"}))

    ran = CliRunner().invoke(
        command, ["import", str(folder)], env={"PACSBERRY_CONFIG": f"{folder}/one.json:{folder}/two.json"}
    )

    assert ran.exit_code == 0, ran.output
    assert (folder / "storage" / "index.sqlite3").is_file()
