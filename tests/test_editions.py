"""Paths name editions of a document, and of two the newer goes first, or the one that was asked for."""

from __future__ import annotations

import pytest

from rag.editions import asked_editions, edition, is_asked, is_newer

NEWER = [
    ("docs/v2.0/install.md", "docs/v1.2/install.md"),
    ("docs/v1.10/install.md", "docs/v1.9/install.md"),
    ("docs/2.x/install.md", "docs/1.x/install.md"),
    ("2.0.1/a/install.md", "2.0/a/install.md"),
    ("docs/latest/install.md", "docs/v9/install.md"),
    ("docs/install.md", "docs/v1.2/install.md"),
    ("docs/install.md", "docs/legacy/install.md"),
    ("docs/v1/install.md", "docs/archive/install.md"),
    ("notes/2024-03/plan.md", "notes/2023-11/plan.md"),
    ("notes/20240301/plan.md", "notes/20240229/plan.md"),
    ("plan-2024-03-01.md", "plan-2023-12-31.md"),
    ("guide_v2.md", "guide_v1.md"),
    ("guide-1.10.md", "guide-1.9.md"),
    ("release-2.1/x.md", "release-2.0/x.md"),
]


@pytest.mark.parametrize(("new", "old"), NEWER)
def test_the_newer_path_is_told(new: str, old: str) -> None:
    assert is_newer(edition(new), edition(old))
    assert not is_newer(edition(old), edition(new))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("docs/v2/install.md", "docs/v1/deploy.md"),  # other documents
        ("docs/v2/install.md", "docs/v2/install.md"),
        ("docs/2024-01/install.md", "docs/v1.2/install.md"),  # a date and a number have no order
        ("zh_cn/install.md", "en/install.md"),
        ("models/yolov5.md", "models/yolov8.md"),  # other things, not editions
        ("00012.txt", "00013.txt"),
    ],
)
def test_what_cannot_be_compared_is_not(one: str, other: str) -> None:
    assert not is_newer(edition(one), edition(other))
    assert not is_newer(edition(other), edition(one))


@pytest.mark.parametrize(
    ("question", "path", "asked"),
    [
        ("v1.2 怎么安装", "docs/v1.2/install.md", True),
        ("1.2 版怎么安装", "docs/v1.2/install.md", True),
        ("1.2.3怎么安装", "docs/v1.2/install.md", True),
        ("版本 2 怎么安装", "docs/v2.0/install.md", True),
        ("how to install version 2", "docs/2.x/install.md", True),
        ("v1.2 怎么安装", "docs/v1.20/install.md", False),
        ("v2 怎么安装", "docs/v1.2/install.md", False),
        ("怎么安装 3 个", "docs/v3/install.md", False),
        ("v2 怎么安装", "docs/install.md", False),
    ],
)
def test_a_question_names_an_edition(question: str, path: str, asked: bool) -> None:
    assert is_asked(edition(path), asked_editions(question)) == asked
