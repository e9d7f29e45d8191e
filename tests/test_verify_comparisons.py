"""The check of a written answer: comparisons told the right way round, the wrong way round, and from the other side."""

from __future__ import annotations

import pytest

from rag.verify.comparisons import compared
from rag.verify.text import read


def verdict(claim: str, passage: str) -> str:
    return compared(read(claim).sentences[0], read(passage).sentences)[0]


@pytest.mark.parametrize(
    ("claim", "passage"),
    [
        ("帆布帐篷比尼龙帐篷轻。", "尼龙帐篷比帆布帐篷轻，也更容易晾干。"),
        ("帆布帐篷轻于尼龙帐篷。", "尼龙帐篷比帆布帐篷轻。"),
        ("东坡的雪比西坡化得更快。", "东坡的雪化得比西坡慢。"),
        ("增量备份不如全量备份快。", "增量备份比全量备份快得多。"),
        ("与旧版相比，新版启动更慢。", "新版启动比旧版快一倍。"),
        ("The kite is heavier than the glider.", "The glider is heavier than the kite."),
        ("The kite is lighter than the glider.", "The glider is lighter than the kite."),
        ("Trams are slower than buses at night.", "At night, trams are faster than buses."),
        ("Compared with the wool coat, the down coat is heavier.", "The down coat is lighter than the wool coat."),
        ("The cellar is not as damp as the attic.", "The attic is not as damp as the cellar."),
        ("The relay fails more often than the switch.", "The relay fails less often than the switch."),
        ("Renting costs less than buying in the first year.", "In the first year, buying is cheaper than renting."),
        ("The coast road takes longer than the tunnel.", "The tunnel is slower than the coast road."),
        ("旧滤网耗电比新滤网多。", "新滤网的噪声比旧滤网小，但耗电更高。"),
    ],
)
def test_a_comparison_that_was_turned_is_found(claim: str, passage: str) -> None:
    assert verdict(claim, passage) == "turned"


@pytest.mark.parametrize(
    ("claim", "passage"),
    [
        ("帆布帐篷比尼龙帐篷重。", "尼龙帐篷比帆布帐篷轻，也更容易晾干。"),
        ("全量备份慢于增量备份。", "增量备份比全量备份快得多。"),
        ("旧版的启动比新版慢。", "与旧版相比，新版启动更快。"),
        ("The kite weighs in lighter than the glider.", "The glider is heavier than the kite."),
        ("The wool coat is heavier than the down coat.", "Compared with the wool coat, the down coat is lighter."),
        ("The attic is damper than the cellar.", "The attic is damper than the cellar, and colder."),
        ("The switch fails more often than the relay.", "The relay fails less often than the switch."),
    ],
)
def test_the_same_comparison_from_the_other_side_is_the_same(claim: str, passage: str) -> None:
    assert verdict(claim, passage) in ("same", "other side", "")


@pytest.mark.parametrize(
    ("claim", "passage"),
    [
        ("新版比旧版大。", "新版比旧版快。"),
        ("费用不高于预算。", "预算高于往年。"),
        ("北线比南线长。", "北线比中线短。"),
        ("The barge is longer than the ferry.", "The barge is wider than the ferry."),
        ("The barge is not longer than the ferry.", "The barge is shorter than the ferry."),
        ("Uploads take more than an hour.", "Uploads take less memory than downloads."),
    ],
)
def test_comparisons_of_other_things_are_left_alone(claim: str, passage: str) -> None:
    assert verdict(claim, passage) == ""
