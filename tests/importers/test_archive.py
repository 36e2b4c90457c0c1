"""An archive is another's word: what leaves the package, is no plain file or goes over a limit is an error."""

from __future__ import annotations

import gzip
import os
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom.errors import DescriptorError
from nodeloom.importers.archive import Files, Limits, read_archive, read_folder
from nodeloom.importers.n8n import import_package
from tests.importers.packing import tar_entry, unpack_to, write_tar

SMALL = Limits(total_bytes=200_000, file_bytes=100_000, text_bytes=50_000, entries=50)


def read(path: Path) -> Files:
    return read_archive(path, SMALL)


def test_files_are_named_without_the_folder_they_are_packed_in(tmp_path: Path) -> None:
    files = read(
        write_tar(tmp_path / "p.tgz", tar_entry("any/a.js", b"\xef\xbb\xbf1"), tar_entry("any/b/c.png", b"\0"))
    )
    assert files.texts == {"a.js": "1"}
    assert files.names == {"a.js", "b/c.png"}


@pytest.mark.parametrize(
    "name",
    ["package/../../x.js", "../x.js", "/etc/x.js", "package\\..\\x.js", "C:/x.js", "package/a/../../../x", ".."],
)
def test_a_name_that_leads_out_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(DescriptorError, match="leads out of the package"):
        read(write_tar(tmp_path / "p.tgz", tar_entry(name, b"x")))


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (tarfile.SYMTYPE, "a link"),
        (tarfile.LNKTYPE, "a link"),
        (tarfile.CHRTYPE, "not a plain file"),
        (tarfile.BLKTYPE, "not a plain file"),
        (tarfile.FIFOTYPE, "not a plain file"),
    ],
)
def test_links_and_devices_are_refused(tmp_path: Path, kind: bytes, message: str) -> None:
    entry = tar_entry("package/x.js", type=kind, linkname="/etc/passwd")
    with pytest.raises(DescriptorError, match=message):
        read(write_tar(tmp_path / "p.tgz", entry))


def test_a_size_that_is_only_claimed_is_refused_before_it_is_read(tmp_path: Path) -> None:
    info, _content = tar_entry("package/x.js")
    info.size = 8 * 1024**3
    path = tmp_path / "p.tgz"
    path.write_bytes(gzip.compress(info.tobuf()))
    with pytest.raises(DescriptorError, match="a file of 8,589,934,592 bytes"):
        read(path)


def test_a_sparse_file_is_refused(tmp_path: Path) -> None:
    headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": str(2**40)}
    path = tmp_path / "p.tgz"
    info, content = tar_entry("package/x.js", b"1\n0\n0\n".ljust(512, b"\0"), pax_headers=headers)
    with pytest.raises(DescriptorError):
        read(write_tar(path, (info, content)))


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK])
def test_a_header_that_unpacks_without_end_is_refused_before_it_is_read(tmp_path: Path, kind: bytes) -> None:
    info, _content = tar_entry("package/pax", type=kind)
    info.size = 500_000_000
    path = tmp_path / "p.tgz"
    path.write_bytes(gzip.compress(info.tobuf() + b"\0" * 20_000_000))
    with pytest.raises(DescriptorError, match="500,000,000 bytes follow"):
        read(path)


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME])
def test_headers_of_headers_without_end_are_refused(tmp_path: Path, kind: bytes) -> None:
    info, content = tar_entry("package/x", b"18 comment=abcdef\n", type=kind)
    path = tmp_path / "p.tgz"
    path.write_bytes(gzip.compress((info.tobuf() + content.ljust(512, b"\0")) * 100_000, 1))
    with pytest.raises(DescriptorError):
        read_archive(path, Limits())


@pytest.mark.parametrize("record", [b"size=-1", b"size=-512", b"size=99999999999", b"size=none", b"GNU.sparse.map=a,b"])
def test_an_attribute_that_lies_about_the_size_is_refused(tmp_path: Path, record: bytes) -> None:
    """A negative size made Python's own reader go round for ever (CVE-2025-8194)."""
    line = b" " + record + b"\n"
    line = str(len(line) + 2).encode() + line
    header, content = tar_entry("package/pax", line, type=tarfile.XHDTYPE)
    file, text = tar_entry("package/x.js", b"1")
    blocks = (header.tobuf(), content.ljust(512, b"\0"), file.tobuf(), text.ljust(512, b"\0"))
    path = tmp_path / "p.tgz"
    path.write_bytes(gzip.compress(b"".join(blocks) + b"\0" * 1024))
    try:
        files = read(path)
    except DescriptorError:
        return
    # Python reads what it takes for no number as 0, or not at all, or takes it for the archive's end.
    assert files.texts in ({"x.js": "1"}, {"x.js": ""}, {})


def test_two_files_of_one_name_are_refused_unless_they_are_the_same(tmp_path: Path) -> None:
    """What a scanner saw first must be what is imported. Names that differ in case are two files."""
    same = [tar_entry("package/a.js", b"1"), tar_entry("package/./a.js", b"1"), tar_entry("package/A.js", b"2")]
    assert read(write_tar(tmp_path / "p.tgz", *same)).texts == {"a.js": "1", "A.js": "2"}
    with pytest.raises(DescriptorError, match=r"two files named a\.js"):
        read(write_tar(tmp_path / "q.tgz", *same, tar_entry("package/a.js", b"2")))


def test_nothing_is_unpacked_so_modes_and_archives_within_mean_nothing(tmp_path: Path) -> None:
    inner = write_tar(tmp_path / "inner.tgz", tar_entry("package/y.js", b"y")).read_bytes()
    entries = [tar_entry("package/x.js", b"x", mode=0o6777, uid=0), tar_entry("package/inner.tgz", inner)]
    before = sorted(p.name for p in tmp_path.iterdir())
    files = read(write_tar(tmp_path / "p.tgz", *entries))
    assert (files.texts, files.names) == ({"x.js": "x"}, {"x.js", "inner.tgz"})
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([*before, "p.tgz"])


def test_a_zip_is_no_package(tmp_path: Path) -> None:
    path = tmp_path / "p.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../x.js", "x")
    with pytest.raises(DescriptorError, match=r"neither a folder, a \.tgz archive nor a JSON file"):
        import_package(path)
    with pytest.raises(DescriptorError, match="not an archive as npm packs it"):
        import_package(path.rename(tmp_path / "p.tgz"))


def test_many_entries_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DescriptorError, match="more than 50 entries"):
        read(write_tar(tmp_path / "p.tgz", *(tar_entry(f"package/{n}.js") for n in range(51))))


def test_files_beyond_the_limit_that_holds_by_itself_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.tgz"
    header = tar_entry("package/x.js")[0].tobuf()
    path.write_bytes(gzip.compress(header * (Limits().entries + 1), 1))
    with pytest.raises(DescriptorError, match="more than 50,000 entries"):
        read_archive(path, Limits())


@pytest.mark.parametrize(
    ("name", "message"), [("x.png", "more than 200,000 bytes"), ("x.js", "bytes of code and documents")]
)
def test_many_bytes_are_refused(tmp_path: Path, name: str, message: str) -> None:
    entries = [tar_entry(f"package/{n}/{name}", b"x" * 40_000) for n in range(6)]
    with pytest.raises(DescriptorError, match=message):
        read(write_tar(tmp_path / "p.tgz", *entries))


@pytest.mark.parametrize(
    "content", [b"", b"no archive", b"\x1f\x8b\x08broken", gzip.compress(b"no tar" * 200, mtime=0)]
)
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "p.tgz"
    path.write_bytes(content)
    with pytest.raises(DescriptorError):
        read(path)


def test_an_archive_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "p.tgz", tar_entry("package/x.bin", os.urandom(90_000)))
    path.write_bytes(path.read_bytes()[:40_000])
    with pytest.raises(DescriptorError):
        read(path)


def test_links_in_a_folder_are_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.js"
    secret.write_text("secret")
    root = unpack_to(tmp_path / "p", {"a.js": "1", "lib/b.js": "2", "node_modules/x/c.js": "3", ".git/d.js": "4"})
    (root / "e.js").symlink_to(secret)
    (root / "f").symlink_to(tmp_path)
    files = read_folder(root, SMALL)
    assert files.texts == {"a.js": "1", "lib/b.js": "2"}
    assert sorted(files.skipped) == ["e.js", "f"]


def test_a_folder_is_held_to_the_limits(tmp_path: Path) -> None:
    root = unpack_to(tmp_path / "p", {f"{n}.js": "x" * 20_000 for n in range(4)})
    with pytest.raises(DescriptorError, match="bytes of code"):
        read_folder(root, SMALL)


@given(name=st.text(alphabet=st.sampled_from("./\\a:\0é "), min_size=1, max_size=20))
def test_no_name_leads_anywhere_but_into_the_package(name: str) -> None:
    from nodeloom.importers.archive import _inner_name

    try:
        inner = _inner_name(name, Path("p.tgz"))
    except DescriptorError:
        return
    assert not inner.startswith("/")
    assert ".." not in inner.split("/")
    assert "\\" not in inner
