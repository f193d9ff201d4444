"""`pacsberry demo`: the demo study as files, to send and upload with any tool."""

from pathlib import Path

import click

from pacsberry.amounts import counted

_EPILOG = """\b
Examples:
  pacsberry demo demo-study
  storescu localhost 4242 demo-study/*.dcm
  curl -X POST localhost:8042/instances --data-binary @demo-study/demo-01.dcm
"""


@click.command("demo", epilog=_EPILOG)
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def command(folder: Path) -> None:
    """Write the demo study into FOLDER: twelve CT slices and a radiograph, nobody's images."""
    from pacsberry.demo import demo_files

    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    for count, content in enumerate(demo_files(), start=1):
        (folder / f"demo-{count:02}.dcm").write_bytes(content)
    click.echo(f"Wrote {counted(count, 'file')} into {folder}.")
