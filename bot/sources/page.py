"""Reads an HTML page: its main text as Markdown, its title, its links. Knows no network."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from yarl import URL

from bot.sources.markdown import to_markdown, words

_META_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]+)""", re.I)
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_DROPPED = words(
    "script style noscript template svg canvas iframe object embed form button select nav footer aside dialog "
    "audio video"
)
_ROLES = words("navigation banner contentinfo search complementary dialog alert menu toolbar")
_CLASSES = words(
    "sidebar side-bar toc table-of-contents breadcrumb breadcrumbs pagination pager navbar nav-bar menu headerlink "
    "toctree-wrapper share social comments cookie-banner cookie-consent related advert ads skip-link skiplink "
    "prev-next edit-this-page page-nav footer site-footer site-header"
)
_CONTENT = ("//main", "//*[@role='main']", "//article")
_HOLDERS = words("ul ol div table")
MAX_PARTS = 50  # that are marked as the main one and looked at
_LEAST_SHARE = 0.25  # of the text of the page, for what is marked as its main part


@dataclass(frozen=True, slots=True)
class Page:
    """What a page says. ``markdown`` begins with the title as a heading, and is empty where there is no text."""

    title: str
    markdown: str
    links: tuple[str, ...]
    canonical: str


def decode_page(body: bytes, charset: str) -> str:
    """The text of a page: by its mark, the header, the page's own word, or what fits; never fails."""
    marked = next((name for bom, name in _BOMS if body.startswith(bom)), "")
    named = _META_CHARSET.search(body[:4096])
    candidates = (marked, charset, named[1].decode("ascii", "replace") if named else "", "utf-8", "gb18030")
    for name in filter(None, candidates):
        name = "gb18030" if name.lower() in ("gb2312", "gbk", "x-gbk") else name  # pages use more than they claim
        try:
            return body.decode(name)
        except (LookupError, ValueError):  # no such encoding, or another one
            continue
    return body.decode("utf-8", "replace")


def read_page(text: str, url: URL) -> Page:
    """Read a page that lies at ``url``."""
    root = _parsed(text)
    if root is None:
        return Page("", "", (), "")
    base = _joined(url, _first(root, "//base/@href")) or url
    links = tuple(dict.fromkeys(filter(None, (_address(base, link) for link in _links(root)))))
    canonical = _address(base, _first(root, "//link[@rel='canonical']/@href"))
    title = _plain(_first(root, "//meta[@property='og:title']/@content") or _first(root, "//title/text()"))
    main = _main(root)
    heading = main.find(".//h1")
    body = to_markdown(main)
    if not body:
        return Page(title, "", links, canonical)
    own = _plain("".join(heading.itertext())) if heading is not None else ""
    if own:
        title = own
    elif title:
        body = f"# {title}\n\n{body}"
    return Page(title, f"{body}\n", links, canonical)


def _parsed(text: str) -> Any:
    from lxml import etree

    data = text.replace("\0", "").encode("utf-8", "replace")
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=True)
    try:
        return etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):  # nothing at all, for instance
        return None


def _links(root: Any) -> list[str]:
    follow = "nofollow" not in _first(root, "//meta[@name='robots']/@content").lower()
    found = [str(a.get("href")) for a in root.iter("a") if a.get("href") and "nofollow" not in (a.get("rel") or "")]
    return found if follow else []


def _main(root: Any) -> Any:
    """The element that holds the page's own text, without what stands on every page of its site."""
    body = root.find("body")
    body = root if body is None else body
    for element in list(body.iter()):
        if isinstance(element.tag, str) and element is not body and _is_around(element):
            _remove(element)
    whole = _length(body)
    for path in _CONTENT:
        found = sorted(root.xpath(path)[:MAX_PARTS], key=_length, reverse=True)
        if found and _length(found[0]) >= max(1, _LEAST_SHARE * whole):
            return found[0]
    _drop_link_lists(body)
    return body


def _is_around(element: Any) -> bool:
    if element.tag in _DROPPED:
        return True
    if element.get("hidden") is not None or element.get("aria-hidden") == "true":
        return True
    if (element.get("role") or "") in _ROLES:
        return True
    if element.tag == "header" and not any(above.tag in ("main", "article") for above in element.iterancestors()):
        return True
    return not _CLASSES.isdisjoint((element.get("class") or "").lower().split())


def _drop_link_lists(body: Any) -> None:
    """Without a marked main part: lists that are links and nothing else are taken for menus."""
    counts: dict[Any, tuple[int, int, int, bool]] = {}  # characters, of them in links, links, whether a paragraph
    for element in reversed(list(body.iter())):  # what lies within comes first: one look at each
        text, linked, links, paragraph = len((element.text or "").strip()), 0, 0, element.tag == "p"
        for child in element:
            inner = counts[child]
            text += inner[0] + len((child.tail or "").strip())
            linked, links, paragraph = linked + inner[1], links + inner[2], paragraph or inner[3]
        counts[element] = (text, text, 1, False) if element.tag == "a" else (text, linked, links, paragraph)
    for element, (text, linked, links, paragraph) in counts.items():
        if element.tag in _HOLDERS and links >= 3 and text and linked >= 0.9 * text and not paragraph:
            _remove(element)


def _remove(element: Any) -> None:
    """Take an element out; the text behind it stays."""
    parent = element.getparent()
    if parent is None:
        return
    if element.tail:
        before = element.getprevious()
        if before is None:
            parent.text = (parent.text or "") + element.tail
        else:
            before.tail = (before.tail or "") + element.tail
    parent.remove(element)


def _length(element: Any) -> int:
    return sum(len(text.strip()) for text in element.itertext())


def _first(root: Any, path: str) -> str:
    found = root.xpath(path)
    return str(found[0]).strip() if found else ""


def _plain(text: str) -> str:
    return " ".join(text.replace("¶", "").split())[:300]


def _joined(url: URL, link: str) -> URL | None:
    try:
        return url.join(URL(link)) if link else None
    except ValueError:
        return None


def _address(base: URL, link: str) -> str:
    """A link as an address without its fragment; empty where it leads to no page."""
    joined = _joined(base, link)
    if joined is None or joined.scheme not in ("http", "https") or not joined.host or joined.user:
        return ""
    return str(joined.with_fragment(None))
