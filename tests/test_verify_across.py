"""Claims in another language than their passage: what is on and off, allowed and not, before and after there."""

from __future__ import annotations

import pytest

from rag.verify import check_sentence

TELEMETRY = "Telemetry is disabled by default. Set QUNDA_TELEMETRY=1 to enable it for all workers."
BACKUP = "执行 `qunda backup` 会自动加密快照；升级到 3.2 之前请先备份，3.2 不支持降级。"


@pytest.mark.parametrize(
    ("sentence", "supported", "passage"),
    [
        ("QUNDA_TELEMETRY 没有设为 1 时，遥测默认是关闭的。", True, TELEMETRY),
        (
            "遥测默认是开启的，QUNDA_TELEMETRY 可以设为 1。",
            False,
            "Telemetry is disabled by default. QUNDA_TELEMETRY may be set to 1.",
        ),
        ("`qunda backup` encrypts the snapshot automatically.", True, BACKUP),
        ("The snapshot of `qunda backup` is stored as plain text.", False, BACKUP),
        ("Make a backup before you upgrade to 3.2.", True, BACKUP),
        ("Version 3.2 supports a downgrade.", False, BACKUP),
    ],
)
def test_a_claim_in_another_language_may_not_turn_round_what_the_passage_says(
    sentence: str, supported: bool, passage: str
) -> None:
    assert check_sentence(sentence, [passage]).supported is supported
