"""Reads sitemaps and their indexes (https://www.sitemaps.org/protocol.html). Knows no site and follows nothing."""

from __future__ import annotations

from dataclasses import dataclass

from bot.sources.fetcher import FetchError, unpack_file

MAX_BYTES = 50_000_000  # the protocol's own limit
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Sitemap:
    """The addresses of pages, or of further sitemaps."""

    pages: tuple[str, ...]
    sitemaps: tuple[str, ...]


def read_sitemap(data: bytes) -> Sitemap:
    """Read a sitemap, packed or not.

    Raises:
        FetchError: it is none, damaged or too large.
    """
    from lxml import etree

    if data.startswith(_GZIP):
        data = unpack_file(data, MAX_BYTES)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(data.strip(), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise FetchError("refused", f"the sitemap is no XML that can be read ({str(error)[:100]})") from error
    kind = etree.QName(root).localname.lower()
    if kind not in ("urlset", "sitemapindex"):
        raise FetchError("refused", f"it is no sitemap: its root is <{kind[:40]}>")
    found: list[str] = []
    for entry in root:
        for child in entry if isinstance(entry.tag, str) else ():
            if isinstance(child.tag, str) and etree.QName(child).localname.lower() == "loc" and child.text:
                found.append(child.text.strip())
                break
    return Sitemap(tuple(found), ()) if kind == "urlset" else Sitemap((), tuple(found))
