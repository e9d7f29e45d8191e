"""Writes small PDFs for tests: text in Latin and Chinese, pictures, a password; no library of it is needed.

Chinese text is drawn with a font that every reader knows by name (Adobe-GB1), so none is embedded.
"""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass

from Crypto.Cipher import ARC4

WIDTH, HEIGHT = 595, 842
_PADDING = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")


@dataclass(frozen=True)
class Text:
    """A line at a place from the lower left, in points. Latin text has a font of its own."""

    x: float
    y: float
    text: str
    size: float = 11


@dataclass(frozen=True)
class Picture:
    """A grey picture (rows of bytes) over a whole page."""

    width: int
    height: int
    grey: bytes


Page = list[Text] | Picture


def pdf(pages: list[Page], password: str = "", garbled: bool = False) -> bytes:
    """A PDF. ``password`` locks it (RC4, 40 bits); ``garbled`` gives its Latin font a map that leads nowhere."""
    objects: list[bytes] = []

    def add(body: bytes) -> int:
        objects.append(body)
        return len(objects)

    add(b"")  # the catalogue and the tree of pages, once their contents are known
    add(b"")
    broken = add(_stream(_BROKEN_MAP)) if garbled else 0
    to_unicode = b"/ToUnicode %d 0 R" % broken if garbled else b"/Encoding /WinAnsiEncoding"
    latin = add(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica %s >>" % to_unicode)
    han = add(_HAN % add(_HAN_DESCENDANT))
    kids = []
    for page in pages:
        extra = b""
        if isinstance(page, Picture):
            image = add(_image(page))
            extra = b"/XObject << /I %d 0 R >>" % image
            drawn = b"q %d 0 0 %d 0 0 cm /I Do Q" % (WIDTH, HEIGHT)
        else:
            drawn = b"\n".join(_drawn(line) for line in page)
        content = add(_stream(drawn))
        fonts = b"/Font << /L %d 0 R /H %d 0 R >>" % (latin, han)
        kids.append(
            add(
                b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] /Resources << %s %s >> /Contents %d 0 R >>"
                % (WIDTH, HEIGHT, fonts, extra, content)
            )
        )
    objects[0] = b"<< /Type /Catalog /Pages 2 0 R >>"
    objects[1] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b" ".join(b"%d 0 R" % kid for kid in kids), len(kids))
    return _file(objects, password)


def _drawn(line: Text) -> bytes:
    place = b"1 0 0 1 %.2f %.2f Tm" % (line.x, line.y)
    if line.text.isascii():
        text = line.text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)").encode()
        return b"BT /L %.1f Tf %s (%s) Tj ET" % (line.size, place, text)
    return b"BT /H %.1f Tf %s <%s> Tj ET" % (line.size, place, line.text.encode("utf-16-be").hex().encode())


def _stream(data: bytes, entries: bytes = b"") -> bytes:
    packed = zlib.compress(data, 9)
    return b"<< /Length %d /Filter /FlateDecode %s >>\nstream\n%s\nendstream" % (len(packed), entries, packed)


def _image(page: Picture) -> bytes:
    about = b"/Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray /BitsPerComponent 8"
    return _stream(page.grey, about % (page.width, page.height))


def _file(objects: list[bytes], password: str) -> bytes:
    out, offsets = b"%PDF-1.5\n%\xe4\xf6\xfc\xdf\n", []
    identity = hashlib.md5(b"".join(objects)).digest()
    trailer = b""
    if password:
        owner, user, key = _locks(password, identity)
        objects = [_locked(body, number, key) for number, body in enumerate(objects, 1)]
        objects.append(
            b"<< /Filter /Standard /V 1 /R 2 /O <%s> /U <%s> /P -44 >>" % (owner.hex().encode(), user.hex().encode())
        )
        trailer = b"/Encrypt %d 0 R /ID [<%s> <%s>]" % (len(objects), *[identity.hex().encode()] * 2)
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
    return out + b"trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        trailer,
        start,
    )


def _locks(password: str, identity: bytes) -> tuple[bytes, bytes, bytes]:
    """The owner's and the user's entry and the file's key (PDF 1.7, 7.6.3)."""
    padded = (password.encode() + _PADDING)[:32]
    owner = ARC4.new(hashlib.md5(padded).digest()[:5]).encrypt(padded)
    key = hashlib.md5(padded + owner + (-44 & 0xFFFFFFFF).to_bytes(4, "little") + identity).digest()[:5]
    return owner, ARC4.new(key).encrypt(_PADDING), key


def _locked(body: bytes, number: int, key: bytes) -> bytes:
    """An object whose stream is enciphered."""
    head, mark, rest = body.partition(b"\nstream\n")
    if not mark:
        return body
    own = hashlib.md5(key + number.to_bytes(3, "little") + b"\0\0").digest()[:10]
    return head + mark + ARC4.new(own).encrypt(rest.removesuffix(b"\nendstream")) + b"\nendstream"


_HAN = b"<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UTF16-H /DescendantFonts [%d 0 R] >>"
_HAN_DESCENDANT = (
    b"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /DW 1000"
    b" /CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 4 >>"
    b" /FontDescriptor << /Type /FontDescriptor /FontName /STSong-Light /Flags 6 /FontBBox [-25 -254 1000 880]"
    b" /ItalicAngle 0 /Ascent 880 /Descent -120 /CapHeight 880 /StemV 93 >> >>"
)
_BROKEN_MAP = (
    b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def"
    b" 1 begincodespacerange <00> <FF> endcodespacerange 1 beginbfrange <00> <FF> <E000> endbfrange"
    b" endcmap end end"
)
