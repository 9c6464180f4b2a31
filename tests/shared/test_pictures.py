"""Photos lose what they tell besides the picture, and nothing of the picture."""

import zlib
from struct import pack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.shared.pictures import without_metadata

JPEG, PNG = "image/jpeg", "image/png"
_GPS = b"31.2304N 121.4737E 2026:03:02 09:00:00"


def segment(marker: int, payload: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(payload) + 2).to_bytes(2, "big") + payload


def exif(orientation: int, *, little: bool = False) -> bytes:
    """EXIF with a side that is up, and a place and a time as text behind its directory."""
    order = "<" if little else ">"
    head = (b"II*\0" if little else b"MM\0*") + pack(f"{order}I", 8)
    entries = pack(f"{order}HHHIHH", 1, 0x0112, 3, 1, orientation, 0)
    return b"Exif\0\0" + head + entries + bytes(4) + _GPS


def jpeg(*told: bytes, scan: bytes = b"\x01\xff\x00\x02\xff\xd0\x03", behind: bytes = b"") -> bytes:
    body = segment(0xE0, b"JFIF\0") + b"".join(told) + segment(0xDB, bytes(65)) + segment(0xDA, bytes(6)) + scan
    return b"\xff\xd8" + body + b"\xff\xd9" + behind


def chunk(kind: bytes, payload: bytes) -> bytes:
    return len(payload).to_bytes(4, "big") + kind + payload + zlib.crc32(kind + payload).to_bytes(4, "big")


def png(*told: bytes, behind: bytes = b"") -> bytes:
    body = chunk(b"IHDR", bytes(13)) + b"".join(told) + chunk(b"IDAT", b"pixels") + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body + behind


@pytest.mark.parametrize(
    ("told", "behind"),
    [
        (segment(0xE1, exif(1)), b""),
        (segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + _GPS), b""),
        (segment(0xED, _GPS), b""),
        (segment(0xFE, _GPS), b""),
        (segment(0xE2, b"MPF\0" + _GPS), b""),
        (b"", jpeg(segment(0xE1, exif(1)))),
    ],
    ids=["exif", "xmp", "iptc", "comment", "more pictures", "a second file behind"],
)
def test_a_jpeg_tells_nothing_more(told: bytes, behind: bytes) -> None:
    assert without_metadata(jpeg(told, behind=behind), JPEG) == jpeg()


@pytest.mark.parametrize("little", [True, False])
@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_which_side_is_up_stays(orientation: int, little: bool) -> None:
    shown = without_metadata(jpeg(segment(0xE1, exif(orientation, little=little))), JPEG)
    assert _GPS not in shown
    assert without_metadata(shown, JPEG) == shown
    assert shown == jpeg(segment(0xE1, exif(orientation)[: -len(_GPS)]))


@pytest.mark.parametrize("kind", [b"eXIf", b"tEXt", b"zTXt", b"iTXt", b"tIME"])
def test_a_png_tells_nothing_more(kind: bytes) -> None:
    assert without_metadata(png(chunk(kind, _GPS), behind=_GPS), PNG) == png()


@pytest.mark.parametrize(("content", "content_type"), [(jpeg(), JPEG), (png(), PNG), (b"%PDF-1.7", "application/pdf")])
def test_what_tells_nothing_is_unchanged(content: bytes, content_type: str) -> None:
    assert without_metadata(content, content_type) == content


def test_progressive_scans_are_kept_whole() -> None:
    scans = b"\x01\x02" + segment(0xC4, bytes(20)) + segment(0xDA, bytes(6)) + b"\x03\xff\x00\x04"
    assert without_metadata(jpeg(scan=scans), JPEG) == jpeg(scan=scans)


@settings(max_examples=150)
@given(st.binary(max_size=300), st.sampled_from([(b"\xff\xd8\xff\xe1", JPEG), (b"\x89PNG\r\n\x1a\n", PNG)]))
def test_whatever_is_sent_it_breaks_nothing_and_is_settled_at_once(rest: bytes, kind: tuple[bytes, str]) -> None:
    begin, content_type = kind
    shown = without_metadata(begin + rest, content_type)
    assert shown.startswith(begin[:2])
    assert without_metadata(shown, content_type) == shown
