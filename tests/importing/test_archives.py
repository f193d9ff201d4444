"""ZIPs and tars as sources: what honest programs write is read, what liars write does no harm."""

import bz2
import gzip
import io
import lzma
import random
import shutil
import subprocess
import tarfile
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsberry.errors import TooLarge, UnreadableDicom
from pacsberry.importing import unpacking
from pacsberry.importing.folder import Folder
from pacsberry.importing.items import LARGEST_FILE, Fate, exactly
from pacsberry.importing.sources import SingleFile, local_source
from pacsberry.importing.tarred import Tarred
from pacsberry.importing.unpacking import unpacked
from tests.importing.aids import contents, look, tarred, write_all
from tests.ingest.zips import liar, zipped
from tests.makers import make_instance

CT = make_instance("CT")
LONG = "/".join(["a folder with a long name"] * 12) + "/slice.dcm"
MEMBERS = {"one.dcm": CT, "b/two.dcm": b"22", "empty": b"", LONG: b"333"}
READ = {"one.dcm": CT, "two.dcm": b"22", "empty": b"", "slice.dcm": b"333"}


def source(tmp_path: Path, data: bytes) -> SingleFile:
    path = tmp_path / "archive"
    path.write_bytes(data)
    return SingleFile(path)


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_tars_of_every_form_and_packing_are_read(tmp_path: Path, form: int, mode: str) -> None:
    members = MEMBERS if form != tarfile.USTAR_FORMAT else {**MEMBERS, LONG: b""}
    if form == tarfile.USTAR_FORMAT:
        del members[LONG]

    read = contents(source(tmp_path, tarred(members, mode, form)))

    assert read == {name: data for name, data in READ.items() if name != "slice.dcm" or LONG in members}


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_zips_are_read(tmp_path: Path, method: int) -> None:
    assert contents(source(tmp_path, zipped(MEMBERS, method=method))) == READ


def test_a_tar_of_the_systems_program_is_read(tmp_path: Path) -> None:
    (tmp_path / "tree" / "b").mkdir(parents=True)
    (tmp_path / "tree" / "b" / "é.dcm").write_bytes(CT)
    (tmp_path / "tree" / "link").symlink_to("b/é.dcm")
    subprocess.run(["tar", "czf", "tree.tgz", "tree"], cwd=tmp_path, check=True)

    told = look(SingleFile(tmp_path / "tree.tgz"))

    assert [finding.name.rpartition(": ")[2] for finding in told.of(Fate.KEPT)] == ["tree/b/é.dcm"]
    assert len(told.of(Fate.PASSED_OVER)) == 3  # two folders, a link


def test_the_amounts_add_up_to_the_archive(tmp_path: Path) -> None:
    for data in (zipped(MEMBERS), tarred({**MEMBERS, "last": bytes(300_000)}), tarred(MEMBERS, "w:gz")):
        archive = source(tmp_path, data)
        assert sum(found.amount for found in archive.found()) <= 2 * archive.total()


def test_a_file_alone_is_itself(tmp_path: Path) -> None:
    assert contents(source(tmp_path, CT)) == {"archive": CT}
    assert contents(source(tmp_path, gzip.compress(CT))) == {"archive": CT}


def test_a_dicom_file_with_a_zip_in_its_preamble_is_a_dicom_file(tmp_path: Path) -> None:
    both = b"PK\x03\x04" + bytes(124) + CT[128:]

    assert contents(source(tmp_path, both)) == {"archive": both}


def test_names_that_climb_out_are_names_and_nothing_else(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    for data in (tarred({"../../evil": CT, "/etc/evil": CT}), zipped({"../../evil": CT, "/etc/evil": CT})):
        told = look(source(inner, data))
        assert told.counts() == {Fate.KEPT: 2}

    assert sorted(path.name for path in tmp_path.rglob("*")) == ["archive", "inner"]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE])
def test_links_and_devices_in_a_tar_have_no_content(tmp_path: Path, kind: bytes) -> None:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        info = tarfile.TarInfo("trap.dcm")
        info.type, info.linkname, info.size = kind, "/etc/passwd", 700  # which only a file would have
        archive.addfile(info)
        info = tarfile.TarInfo("good.dcm")
        info.size = len(CT)
        archive.addfile(info, io.BytesIO(CT))

    told = look(source(tmp_path, file.getvalue()))

    assert told.counts() == {Fate.PASSED_OVER: 1, Fate.KEPT: 1}


def test_a_sparse_member_is_refused_not_misread(tmp_path: Path) -> None:
    if shutil.which("tar") is None:
        pytest.skip("no tar")
    with (tmp_path / "hole.dcm").open("wb") as file:
        file.truncate(10**6)
        file.seek(10**6)
        file.write(CT)
    for form in ("gnu", "pax"):
        subprocess.run(["tar", "--sparse", f"--format={form}", "-cf", "s.tar", "hole.dcm"], cwd=tmp_path, check=True)

        told = look(SingleFile(tmp_path / "s.tar"))

        assert [(finding.fate, finding.name.endswith(": hole.dcm")) for finding in told.findings] == [
            (Fate.REFUSED, True)
        ]


def _header(name: bytes, size: bytes, kind: bytes) -> bytes:
    block = bytearray(512)
    block[: len(name)] = name
    block[124 : 124 + len(size)] = size
    block[156:157] = kind
    block[257:265] = b"ustar\x0000"
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


@pytest.mark.parametrize("kind", [b"x", b"g", b"L", b"K"])
@pytest.mark.parametrize("size", [b"77777777777\0", b"\x80\x00\x00\x00\x7f\xff\xff\xff\xff\xff\xff\xff", b"\xff" * 12])
def test_a_header_that_claims_to_be_huge_is_not_read_into_memory(tmp_path: Path, kind: bytes, size: bytes) -> None:
    data = _header(b"x", b"00000000001\0", b"0") + bytes(512) + _header(b"evil", size, kind) + bytes(3_000_000)
    archive = source(tmp_path, gzip.compress(data))
    tracemalloc.start()
    try:
        told = look(archive)
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()

    assert told.counts() == {Fate.KEPT: 1, Fate.UNREADABLE: 1}


def test_many_extended_headers_fill_no_memory() -> None:
    def endless() -> object:
        for number in range(3000):
            record = b"k%d=" % number + b"v" * 1000 + b"\n"
            record = b"%d " % (len(record) + 5) + record
            record = b"%d " % len(record) + record[5:]
            yield _header(b"x", b"%011o\0" % len(record), b"x") + record + bytes(-len(record) % 512)
        yield _header(b"end", b"00000000000\0", b"0") + bytes(1024)

    tracemalloc.start()
    try:
        assert [member.name for member in Tarred(iter(endless())).members()] == [b"end"]  # type: ignore[call-overload]
        assert tracemalloc.get_traced_memory()[1] < 500_000
    finally:
        tracemalloc.stop()


def test_a_member_that_claims_too_much_is_refused_and_the_cut_is_told(tmp_path: Path) -> None:
    size = b"\x80" + (LARGEST_FILE + 1).to_bytes(11, "big")
    data = _header(b"good", b"00000000001\0", b"0") + bytes(512) + _header(b"huge", size, b"0") + bytes(10_000)

    told = look(source(tmp_path, data))

    assert [finding.fate for finding in told.findings] == [Fate.KEPT, Fate.UNREADABLE, Fate.UNREADABLE]
    assert told.findings[1].reason.startswith("TooLarge")
    assert "cut short" in told.findings[2].reason


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_bomb_ends_before_it_is_large(tmp_path: Path, pack: "object", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "_GENEROUS_BYTES", 5_000_000)
    bomb = _header(b"bomb", b"%011o\0" % 60_000_000, b"0") + bytes(60_000_000)
    path = tmp_path / "bomb"
    path.write_bytes(pack(bomb))  # type: ignore[operator]

    told = look(SingleFile(path))

    assert any("200 times" in finding.reason for finding in told.of(Fate.UNREADABLE))
    assert not told.of(Fate.KEPT)


def test_an_honest_archive_of_zeros_is_no_bomb(tmp_path: Path) -> None:
    archive = source(tmp_path, tarred({"black.dcm": CT + bytes(10_000_000)}, "w:gz"))

    assert look(archive).counts() == {Fate.KEPT: 1}


def test_a_file_that_unpacks_to_more_than_anybody_packs_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "_GENEROUS_BYTES", 5_000_000)
    write_all(tmp_path, {"black.dcm.gz": gzip.compress(CT + bytes(10_000_000))})

    (finding,) = look(Folder(tmp_path)).of(Fate.UNREADABLE)

    assert "more than 200 times its size" in finding.reason


def test_an_xz_that_wants_a_gigabyte_is_refused(tmp_path: Path) -> None:
    greedy = lzma.compress(b"x", filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 30}])

    with pytest.raises(UnreadableDicom, match="damaged"):
        list(unpacked(io.BytesIO(greedy)))


def test_zstandard_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableDicom, match="zstd -d"):
        list(unpacked(io.BytesIO(b"\x28\xb5\x2f\xfd....")))


def test_two_packed_streams_in_a_row_are_one_file() -> None:
    for pack in (gzip.compress, bz2.compress, lzma.compress):
        assert b"".join(unpacked(io.BytesIO(pack(b"one ") + pack(b"two")))) == b"one two"
        with pytest.raises(UnreadableDicom):
            list(unpacked(io.BytesIO(pack(b"one" * 1000)[:-5])))


def test_a_zip_that_lies_harms_nobody(tmp_path: Path) -> None:
    for data in (liar(b"x" * 100, announced=50), liar(random.randbytes(9000), announced=9000, copies=9)):
        told = look(source(tmp_path, data))
        assert not told.of(Fate.KEPT)
        assert told.of(Fate.UNREADABLE)


def test_an_encrypted_or_cut_zip_is_told_once(tmp_path: Path) -> None:
    told = look(source(tmp_path, zipped(MEMBERS)[:-30]))

    assert [finding.fate for finding in told.findings] == [Fate.UNREADABLE]
    assert "cut short" in told.findings[0].reason


def test_a_tar_cannot_be_read_twice(tmp_path: Path) -> None:
    (item, *_) = source(tmp_path, tarred({"a": CT})).found()
    assert item.lasting is False  # type: ignore[union-attr]


def test_something_else_is_no_source(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        local_source(str(tmp_path / "nothing"))
    with pytest.raises(Exception, match="neither a folder"):
        local_source("/dev/null")


def test_a_header_whose_checksum_is_wrong_ends_the_tar(tmp_path: Path) -> None:
    data = bytearray(tarred({"good": b"1", "other": b"2"}))
    data[data.index(b"other")] ^= 0x20

    told = look(source(tmp_path, bytes(data)))

    assert [finding.fate for finding in told.findings] == [Fate.KEPT, Fate.UNREADABLE]
    assert "a header is wrong" in told.findings[1].reason


@pytest.mark.parametrize("chunks", [[b"abc"], [b"ab", b"c"], [b"a"], [], [b"ab", b"", b"c"]])
def test_never_more_bytes_leave_than_were_announced(chunks: list[bytes]) -> None:
    sent: list[bytes] = []
    with pytest.raises(UnreadableDicom):
        sent.extend(exactly(iter(chunks), 2))

    assert len(b"".join(sent)) <= 2


@given(st.binary(max_size=3000), st.integers(0, 4000))
def test_noise_is_unreadable_and_nothing_worse(noise: bytes, at: int) -> None:
    whole = bytearray(tarred({"a": b"1" * 700, "b" * 150: b"2"}))
    whole[at : at + len(noise)] = noise
    for data in (noise, bytes(whole)):
        try:
            tar = Tarred(iter([data]))
            for member in tar.members():
                if member.is_file and member.size < 10**6:
                    b"".join(tar.content(member))
        except (UnreadableDicom, TooLarge):
            pass
