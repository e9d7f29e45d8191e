"""Entries of `[knowledge] documents`: what each form means, and what is none."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config import ConfigError, load
from bot.sources.entries import (
    FeishuEntry,
    FolderEntry,
    GitEntry,
    TrackedEntry,
    WebEntry,
    name_of,
    parse_entry,
    prefix_of,
    public_url,
    web_address,
)


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("docs", FolderEntry("docs")),
        ("/srv/with:colon/docs", FolderEntry("/srv/with:colon/docs")),
        ("~/a@b/docs", FolderEntry("~/a@b/docs")),
        ("git+https://github.com/o/r.git", GitEntry("https://github.com/o/r.git")),
        ("git+https://github.com/o/r@v1.2#docs/zh", GitEntry("https://github.com/o/r", "v1.2", "docs/zh")),
        ("git+https://u:p@h.io/o/r.git@a/b", GitEntry("https://u:p@h.io/o/r.git", "a/b")),
        ("git+https://u:p@h.io/o/r", GitEntry("https://u:p@h.io/o/r")),
        ("git+ssh://git@h.io/o/r.git@main", GitEntry("ssh://git@h.io/o/r.git", "main")),
        ("git+file:///srv/r.git#docs", GitEntry("file:///srv/r.git", "", "docs")),
        ("git@gitee.com:o/r.git@main#docs", GitEntry("git@gitee.com:o/r.git", "main", "docs")),
        ("git-tracked:/srv/project", TrackedEntry("/srv/project")),
        ("https://a.io", WebEntry("page", "https://a.io/")),
        ("https://a.io/x?y=1#z", WebEntry("page", "https://a.io/x?y=1")),
        ("https://a.io/docs/*", WebEntry("below", "https://a.io/docs/")),
        ("https://a.io/sitemap.xml", WebEntry("sitemap", "https://a.io/sitemap.xml")),
        ("https://a.io/map.XML.gz", WebEntry("sitemap", "https://a.io/map.XML.gz")),
        ("feishu:wiki/wikcnAbc123", FeishuEntry("wiki", "wikcnAbc123")),
        ("https://team.feishu.cn/wiki/wikcnAbc123?from=x", FeishuEntry("wiki", "wikcnAbc123", "team.feishu.cn")),
        ("https://t.larksuite.com/drive/folder/fldAbc12", FeishuEntry("folder", "fldAbc12", "t.larksuite.com")),
        ("https://open.feishu.cn/document/x", WebEntry("page", "https://open.feishu.cn/document/x")),
    ],
)
def test_an_entry_is_read_as_what_it_looks_like(text: str, entry: object) -> None:
    assert parse_entry(text) == entry


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ftp://a.io/docs", "an entry is a folder, git+https"),
        ("git+ftp://a.io/o/r", "write git+https://"),
        ("git+https://a.io/o/r.git@--upload-pack=x", "no name of a branch"),
        ("git+https://a.io/o/r.git@a..b", "no name of a branch"),
        ("git+https://a.io/o/r.git#../../etc", "within the repository"),
        ("git+https://a.io/o/r.git#.git", "within the repository"),
        ("https:///docs", "the host is missing"),
        ("https://a.io:port/", "is no address"),
        ("https://a.io/*/docs", "at the end only"),
        ("feishu:sheet/abcdef", "feishu:wiki/TOKEN"),
        ("feishu:docx/", "feishu:wiki/TOKEN"),
        ("git-tracked:", "needs a folder"),
    ],
)
def test_a_wrong_entry_is_an_error_of_the_config_that_says_what_to_write(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "config.ini").write_text(f"[knowledge]\ndocuments = docs, {text}\n", "utf-8")
    with pytest.raises(ConfigError, match=r"\[knowledge\] documents") as error:
        load(tmp_path / "config.ini", environ={})
    assert said in str(error.value)


@given(st.text(max_size=60))
def test_no_text_raises_anything_but_what_names_the_forms(text: str) -> None:
    try:
        entry = parse_entry(text)
    except ValueError:
        return
    if not isinstance(entry, FolderEntry):
        assert "/" not in name_of(entry) and prefix_of(entry).endswith("/")


def test_links_lead_to_hosts_whose_pages_are_known() -> None:
    github = GitEntry("https://user:token@github.com/o/r.git")
    assert web_address(github) == ("https://github.com/o/r", "blob")
    assert web_address(GitEntry("git@gitlab.com:group/sub/r.git")) == ("https://gitlab.com/group/sub/r", "-/blob")
    assert web_address(GitEntry("/srv/r.git")) is web_address(GitEntry("https://unknown.io/o/r")) is None
    assert public_url("https://user:token@github.com/o/r.git") == "https://github.com/o/r.git"
    assert "token" not in name_of(github) + prefix_of(github)
