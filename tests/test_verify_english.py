"""The check of a written answer in English: forms, families, words that say the same, names, and what is denied."""

from __future__ import annotations

import re
from itertools import combinations

import pytest

from rag.verify import check_sentence
from rag.verify.english.families import family
from rag.verify.english.forms import lemma
from rag.verify.english.thesaurus import groups
from rag.verify.kinds import KINDS
from rag.verify.lexicon import AT_LEAST, AT_MOST, NEGATION
from rag.verify.opposites import compiled
from rag.verify.text import read

# Words of which a text means one or another: no group may have two of a line.
SIBLINGS = """
accept/reject allow/forbid arrive/depart ascending/descending before/after begin/end borrow/lend buy/sell
cheap/expensive client/server cold/hot complete/incomplete create/delete customer/supplier day/night deposit/withdraw
download/upload early/late east/west empty/full encrypt/decrypt enter/exit fail/succeed fast/slow first/last free/paid
full-time/part-time guest/host high/low import/export include/exclude increase/decrease inside/outside
install/uninstall internal/external large/small left/right length/width/height/depth legal/illegal lock/unlock
login/logout long/short lower/upper manual/automatic maximum/minimum morning/afternoon/evening/night north/south
odd/even old/new open/close optional/mandatory parent/child permanent/temporary public/private push/pull read/write
receive/send refund/charge remember/forget safe/dangerous seller/buyer sender/recipient start/stop
subscribe/unsubscribe teacher/pupil teacher/student tenant/landlord top/bottom true/false up/down valid/invalid
visible/hidden win/lose young/old always/never all/none more/less most/least admin/member admin/user owner/member
owner/tenant doctor/nurse doctor/patient driver/passenger employee/customer manager/employee intern/employee
seconds/minutes minutes/hours hours/days days/weeks weeks/months months/years daily/weekly weekly/monthly
monthly/yearly cash/card email/phone bus/train train/plane car/bike cat/dog king/queen town/country
breakfast/lunch/dinner spring/summer/autumn/winter monday/tuesday/wednesday/thursday/friday january/february/march
password/username file/folder file/database row/column memory/disk windows/linux/macos linux/android debug/production
staging/production error/warning warning/information purchase/delivery order/delivery invoice/order deposit/rent
salary/bonus holiday/illness breakfast/dinner cancel/confirm approve/request ask/answer cause/effect hire/dismiss
increase/halve encrypt/compress copy/move copy/delete move/delete save/delete save/lose keep/delete keep/lose
update/delete
"""


@pytest.mark.parametrize(
    "words",
    [
        "pay paid paying pays payment",
        "choose chose chosen",
        "retry retries retried retrying",
        "write wrote written",
        "cancel cancelled canceling cancellation",
        "approve approved approval",
        "restore restoring restoration",
        "refund refunded refundable",
        "valid validity",
        "available availability",
        "install installer installation",
        "colour color colours",
        "organise organized organisation",
        "licence license",
        "begin began begun beginning",
        "person people",
        "apply applied applies application",
        "deliver delivery deliveries",
        "automatic automatically",
    ],
)
def test_forms_and_derivations_are_of_one_family(words: str) -> None:
    assert len({family(word) for word in words.split()}) == 1


@pytest.mark.parametrize(
    "pair",
    [
        "car care",
        "plan plane",
        "let letter",
        "custom customer",
        "app apply",
        "product production",
        "edit edition",
        "use user",
        "depart department",
        "install uninstall",
        "valid invalid",
        "read ready",
        "state station",
        "not note",
    ],
)
def test_words_that_only_look_alike_are_of_two_families(pair: str) -> None:
    one, other = pair.split()
    assert family(one) != family(other)


def test_a_contraction_is_read_in_full() -> None:
    tokens = [token.text for token in read("It isn't here, they won't come and can't be John's.").sentences[0].tokens]
    assert tokens[:4] == ["it", "be", "not", "her"]
    assert {"will", "not", "can", "'s"} <= set(tokens)
    assert "t" not in tokens and "won" not in tokens


def test_groups_are_many_and_none_has_two_sides_of_a_pair_of_opposites() -> None:
    faults = []
    for group in groups():
        for name, sides in compiled().items():
            plain = [
                item for item in group if not (NEGATION.search(item) or AT_LEAST.search(item) or AT_MOST.search(item))
            ]
            found = [[item for item in plain if side.search(item)] for side in sides]
            alone = [set(found[0]) - set(found[1]), set(found[1]) - set(found[0])]
            if all(alone):
                faults.append((name, group))
    assert faults == []
    assert len(groups()) >= 1200


def test_no_group_has_two_members_of_a_kind() -> None:
    kinds = [set(kind) for kind in KINDS if kind[0].isascii()]
    lines = [set(map(lemma, line.split("/"))) for line in SIBLINGS.split()] + [set(map(lemma, kind)) for kind in kinds]
    found = []
    for group in groups():
        alone = {lemma(item) for item in group if re.fullmatch(r"[a-z]+", item)}
        found += [(group, pair) for line in lines for pair in combinations(sorted(line), 2) if set(pair) <= alone]
    assert found == []


FAITHFUL = [
    ("Kids under twelve get in for nothing.", "Admission is free of charge for children younger than 12."),
    ("Fees won't be paid back once the course has begun.", "After the start of the course, the fee is not refunded."),
    ("You may erase the folder without risk.", "It is safe to delete the directory."),
    ("Staff have a right to two breaks.", "Employees are entitled to two breaks."),
    ("A request is tried again up to four times when the server can't be reached.",
     "If the server is unreachable, requests are retried up to 4 times."),
    ("The old key is no longer read.", "The old key is not picked up any more."),
    ("Fields that aren't known are passed over.", "Unknown fields are ignored."),
    ("Dogs can come along at no charge.", "Dogs travel free."),
    ("The report may be saved only by the owner's deputy.", "Only the deputy of the owner may save the report."),
    ("Out of the box, logs are kept for a week.", "By default, logs are retained for one week."),
    ("The colour is chosen by the customer.", "Customers choose the color."),
    ("Minors must be accompanied by a grown-up.", "Children under 18 may only enter together with an adult."),
]  # fmt: skip
FALSE = [
    ("The fee is paid back once the course has begun.", "After the start of the course, the fee is not refunded."),
    ("It isn't safe to erase the folder.", "It is safe to delete the directory."),
    ("The password is no longer read.", "The old key is not picked up any more."),
    ("Dogs are washed at no charge at the counter.", "Dogs travel free."),
    ("Out of the box, logs are mailed to the owner of the account.", "By default, logs are retained for one week."),
    ("The lift is out of order because of a broken cable.", "The lift carries up to 8 people."),
]


@pytest.mark.parametrize(("sentence", "passage"), FAITHFUL)
def test_what_is_said_in_other_words_is_covered(sentence: str, passage: str) -> None:
    assert check_sentence(sentence, [passage]).reason == ""


@pytest.mark.parametrize(("sentence", "passage"), FALSE)
def test_other_words_do_not_hide_what_is_not_there(sentence: str, passage: str) -> None:
    assert not check_sentence(sentence, [passage]).supported


@pytest.mark.parametrize(
    ("sentence", "passage", "reason"),
    [
        ("The reply has a Retry-After header.", "The reply comes with the `Retry-After` header.", ""),
        ("The reply has a Retry-Limit header.", "The reply comes with the `Retry-After` header.", "name"),
        ("An `admin`-scoped token is needed.", "A token with the `admin` scope is required.", ""),
        ("A `root`-scoped token is needed, says Kelvin.", "A token with the `root` scope is required.", "name"),
        ("LTO is off in this build.", "In this build, -DLTO=OFF is set.", ""),
        ("PGO is off in this build.", "In this build, -DLTO=OFF is set.", "name"),
        ("The backup runs weekly.", "The backup runs once a week.", ""),
        ("The backup runs monthly.", "The backup runs once a week.", "name"),
        ("Both Macs have it.", "Each Mac has it, both of them.", ""),
    ],
)
def test_a_name_may_stand_in_a_compound_or_another_form_and_no_other_may(
    sentence: str, passage: str, reason: str
) -> None:
    assert check_sentence(sentence, [passage]).reason == reason


def test_general_verbs_and_adverbs_weigh_little_and_what_tells_things_apart_does_not() -> None:
    weights = {token.raw: token.weight for token in read("keep usually invoice old later").sentences[0].tokens}
    assert weights["keep"] <= 0.5 and weights["usually"] <= 0.5
    assert weights["old"] >= 1
    assert weights["invoice"] == weights["later"] == 2


@pytest.mark.parametrize(
    ("sentence", "passage", "reason"),
    [
        ("Customers get two breaks a day.", "Employees are entitled to two breaks a day.", "swap"),
        ("Staff get two breaks a day.", "Employees are entitled to two breaks a day.", ""),
        ("On Saturn, the results are kept in the vault.", "On Neptune the results are stored in the vault.", "name"),
        ("Gold cards open the west gate.", "Bronze cards open the west gate and the garage.", "swap"),
        ("Ada Hart closed the school for pilots.", "In May, Ada Hart founded the school for pilots.", "swap"),
        ("Ada Hart set up the school for pilots.", "In May, Ada Hart founded the school for pilots.", ""),
        ("The parser rejects unknown fields.", "The parser ignores unknown fields.", "swap"),
        ("The parser skips unknown fields.", "The parser ignores unknown fields.", ""),
        ("The garage is opened by bronze cards.", "Bronze cards open the west gate and the garage.", ""),
    ],
)
def test_another_word_in_a_place_is_found_however_long_the_rest_is(sentence: str, passage: str, reason: str) -> None:
    assert check_sentence(sentence, [passage]).reason == reason
