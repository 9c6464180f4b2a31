"""Photos without what they tell besides the picture: where and when they were taken, with which phone, by whom.

No library that is light enough for a Lambda package and still maintained does this without decoding the picture, so the
few lines of the two formats that matter stand here. The picture itself is copied byte by byte.
"""

import re
from struct import error, unpack_from

_PNG_TOLD = frozenset({b"eXIf", b"tEXt", b"zTXt", b"iTXt", b"tIME"})
_JPEG_TOLD = frozenset({0xE1, 0xED, 0xFE})
"""APP1 (EXIF, XMP), APP13 (IPTC), comments."""
_SCAN, _END = 0xDA, 0xD9
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_EXIF, _MORE_PICTURES = b"Exif\0\0", b"MPF\0"
_ORIENTATION = 0x0112


def without_metadata(content: bytes, content_type: str) -> bytes:
    """The same picture with no more metadata than which side is up; what is behind its end is dropped too.

    A file that breaks off or contradicts itself is copied as it is from there on. Other types are returned unchanged.
    """
    if content_type == "image/jpeg":
        return _jpeg(content)
    return _png(content) if content_type == "image/png" else content


def _jpeg(content: bytes) -> bytes:
    kept, at = [content[:2]], 2
    while at + 4 <= len(content) and content[at] == 0xFF:
        marker, length = content[at + 1], int.from_bytes(content[at + 2 : at + 4], "big")
        until = at + 2 + length
        if marker == _END:
            break
        if length < 2 or until > len(content):
            return b"".join([*kept, content[at:]])
        kept.append(_jpeg_segment(marker, content[at:until]))
        if marker == _SCAN:
            following = _MARKER.search(content, until)
            end = following.start() if following else len(content)
            kept.append(content[until:end])
            until = end
        at = until
    return b"".join([*kept, content[at : at + 2] if content[at : at + 2] == b"\xff\xd9" else content[at:]])


def _jpeg_segment(marker: int, segment: bytes) -> bytes:
    payload = segment[4:]
    if marker == 0xE2 and payload.startswith(_MORE_PICTURES):
        return b""
    if marker not in _JPEG_TOLD:
        return segment
    side = _side_up(payload[len(_EXIF) :]) if payload.startswith(_EXIF) else None
    if side is None:
        return b""
    only = b"MM\0*\0\0\0\x08\0\x01" + _ORIENTATION.to_bytes(2, "big") + b"\0\x03\0\0\0\x01"
    exif = _EXIF + only + side.to_bytes(2, "big") + bytes(6)
    return b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif


def _side_up(tiff: bytes) -> int | None:
    """EXIF's orientation, 2 to 8; None if there is none or the picture stands as it is."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return None
    try:
        (start,) = unpack_from(f"{order}I", tiff, 4)
        (count,) = unpack_from(f"{order}H", tiff, start)
        for entry in range(start + 2, start + 2 + 12 * count, 12):
            tag, _, _, value = unpack_from(f"{order}HHIH", tiff, entry)
            if tag == _ORIENTATION:
                return int(value) if 2 <= value <= 8 else None
    except error:
        return None
    return None


def _png(content: bytes) -> bytes:
    kept, at = [content[:8]], 8
    while at + 12 <= len(content):
        until = at + 12 + int.from_bytes(content[at : at + 4], "big")
        kind = content[at + 4 : at + 8]
        if until > len(content):
            break
        if kind not in _PNG_TOLD:
            kept.append(content[at:until])
        at = until
        if kind == b"IEND":
            return b"".join(kept)
    return b"".join([*kept, content[at:]])
