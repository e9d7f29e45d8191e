"""Pages as Markdown: the main part alone, with its structure, from whatever mark-up a site writes."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from bot.sources.guard import GuardedResolver, PrivateAddressError, is_private
from bot.sources.page import decode_page, read_page

WHERE = URL("https://docs.example.com/guide/x")


def markdown(html: str) -> str:
    return read_page(html, WHERE).markdown


def test_a_page_of_a_documentation_site_keeps_what_matters() -> None:
    html = """<!doctype html><html><head><title>Pumps | Acme</title><script>var a = "<p>no</p>"</script></head><body>
    <header><a href="/">Acme</a></header><nav class="menu"><ul><li><a href="/a">A</a></li></ul></nav>
    <div class="sidebar">Contents</div><a class="skip-link" href="#main">Skip</a>
    <main><article><h1>Pumps<a class="headerlink" href="#pumps">¶</a></h1>
    <p>A pump   moves
    water.<br>It is <em>blue</em> and costs &lt; 5 &amp; more.</p>
    <h2>Set <code>flow_rate</code></h2>
    <div class="highlight language-python"><pre><code><span>def</span> f():
    return 1   # | kept
</code></pre></div>
    <ul><li>one <b>bold</b></li><li><p>two</p><ol><li>first</li><li>second</li></ol></li></ul>
    <table><caption>Rates</caption><thead><tr><th>Model</th><th>Flow | max</th></tr></thead>
    <tbody><tr><td>P<br>1</td><td><p>10</p></td></tr><tr><td colspan=2>all</td></tr><tr><td>short</td></tr></tbody>
    </table>
    <blockquote><p>Mind the gap.</p></blockquote><dl><dt>Head</dt><dd>Height of water</dd></dl>
    <p># not a heading</p><p>1. not a list</p><img alt="Diagram of a pump" src=x></article></main>
    <aside>Ads</aside><footer>© Acme</footer></body></html>"""
    assert markdown(html).splitlines() == [
        "# Pumps",
        "",
        "A pump moves water.",
        "It is blue and costs < 5 & more.",
        "",
        "## Set `flow_rate`",
        "",
        "```python",
        "def f():",
        "    return 1   # | kept",
        "```",
        "",
        "- one **bold**",
        "- two",
        "  1. first",
        "  2. second",
        "",
        "Rates",
        "",
        "| Model | Flow \\| max |",
        "| --- | --- |",
        "| P 1 | 10 |",
        "| all |  |",
        "| short |  |",
        "",
        "> Mind the gap.",
        "",
        "**Head**",
        "",
        "Height of water",
        "",
        "\\# not a heading",
        "",
        "\\1. not a list",
        "",
        "Diagram of a pump",
    ]


def test_without_a_marked_main_part_menus_are_left_out_and_the_title_stands_above() -> None:
    menu = "<div><ul>" + "".join(f'<li><a href="/{n}">Menu {n}</a></li>' for n in range(9)) + "</ul></div>"
    page = read_page(f"<title>Opening hours</title><body>{menu}<div>Open <b>daily</b>.<br>Even on Sunday.</div>", WHERE)
    assert page.markdown == "# Opening hours\n\nOpen **daily**.\nEven on Sunday.\n"
    assert len(page.links) == 9 and page.links[0] == "https://docs.example.com/0"


def test_a_main_part_that_is_only_a_crumb_is_not_taken_for_the_page() -> None:
    assert "long text" in markdown(f"<body><main>Home</main><div><p>{'long text ' * 50}</p></div></body>")


@pytest.mark.parametrize(
    "html",
    [
        "",
        "   ",
        "<html></html>",
        "<body>",
        "<!-- nothing -->",
        "<script>x</script>",
        "\0",
        "<p> &nbsp; </p>",
        "<frameset>",
    ],
)
def test_what_has_no_text_is_empty(html: str) -> None:
    assert markdown(html) == ""


def test_links_are_whole_addresses_without_those_that_lead_to_no_page() -> None:
    html = """<base href="/base/"><a href="a">1</a><a href="a#b">2</a><a href="//cdn.example.com/x">3</a>
    <a href="javascript:x()">4</a><a href="http://u:p@h/">5</a><a href="http://[x">6</a><a href="">7</a>
    <link rel=canonical href="/real">"""
    page = read_page(html, WHERE)
    assert page.links == ("https://docs.example.com/base/a", "https://cdn.example.com/x")
    assert page.canonical == "https://docs.example.com/real"
    assert read_page('<meta name="robots" content="noindex, nofollow"><a href="a">1</a>', WHERE).links == ()


def test_depth_and_size_stop_nothing() -> None:
    assert "deep" in markdown("<div>" * 1_500 + "deep" + "</div>" * 1_500)
    assert "deep" in markdown("<ul><li>" * 150 + "deep")
    assert "deep" in markdown("<b>" * 150 + "deep")
    assert "deep" in markdown("<pre>" + "<span>" * 1_500 + "deep<br>x")
    assert "deep" in markdown("<p>text</p>" + "<ul>" * 1_500 + "<li>deep")
    assert "deep" in markdown("<blockquote>" * 1_500 + "deep")
    assert "deep" in markdown("<table><tr><td>1<td>" * 300 + "deep")
    many = "".join(f'<a href="/{n}">link {n}</a>' for n in range(20_000))
    assert "deep" in markdown("<div>" * 1_500 + many + "<p>deep</p>")  # minutes, where each level counts all below it
    wide = "<table>" + "<tr><td>1</td><td colspan=9999999>2</td></tr>" * 3_000 + "</table>"
    assert markdown(wide).count("| 1 |") == 3_000


@given(st.text(alphabet="<>/abph1ulit d\"'=&;#\n\0", max_size=200))
def test_no_page_raises(html: str) -> None:
    read_page(html, WHERE)


@given(st.lists(st.text(alphabet="abc def", min_size=1, max_size=20), min_size=1, max_size=8))
def test_every_word_of_the_main_part_is_kept(texts: list[str]) -> None:
    tags = ("p", "li", "td", "h2", "pre", "blockquote", "dd", "span")
    html = "".join(f"<{tag}>{text}</{tag}>" for tag, text in zip(tags, texts, strict=False))
    words = re.findall(r"\w+", " ".join(texts))
    assert re.findall(r"\w+", markdown(f"<main>{html}</main>")) == words


@given(st.binary(max_size=200), st.text(max_size=20))
def test_no_bytes_and_no_charset_raise(data: bytes, charset: str) -> None:
    decode_page(data, charset)


@pytest.mark.parametrize(
    "address",
    [
        *(
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
        ),
        *("::1", "fe80::1%eth0", "fd00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:7f00:1::", "255.255.255.255"),
    ],
)
def test_private_addresses_are_known_in_every_spelling(address: str) -> None:
    assert is_private(address)


async def test_a_name_that_leads_to_a_private_address_is_refused_unless_the_entry_names_it() -> None:
    with pytest.raises(PrivateAddressError, match="localhost leads to a private address"):
        await GuardedResolver(()).resolve("localhost", 80)
    assert await GuardedResolver({("localhost", 80)}).resolve("localhost", 80)
    with pytest.raises(PrivateAddressError):
        await GuardedResolver({("localhost", 80)}).resolve("localhost", 6379)


def test_public_addresses_are_public() -> None:
    assert not any(map(is_private, ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8"]))
