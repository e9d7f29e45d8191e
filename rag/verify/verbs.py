"""English verbs with their irregular forms, and pairs that say one thing from its two sides. Only lists."""

from __future__ import annotations

from functools import cache

from rag.verify.english.forms import form as compared
from rag.verify.verbs_zh import groups

_AUXILIARIES = """
is are was were be been being am has have had do does did can could will would shall should may might must cannot isn
aren wasn weren don doesn didn won
"""
AUXILIARIES = frozenset(_AUXILIARIES.split())
_REGULAR = """
accept accompany achieve acquire adopt advise affect allow announce answer appear apply appoint approve arrest arrive
ask assemble assign assist attack attend audit authorise authorize award base belong block borrow call cancel capture
carry cause challenge change charge check claim clean close coach collect command compile complete compose comprise
conduct confirm connect conquer consist consult contact contain continue contract contribute control convert cost
count cover create criticise criticize cure deceive decide declare decline decorate defeat defend define delay delete
deliver demand depend deploy describe design destroy detect determine develop diagnose die differ direct discover
dismiss display divide donate drain drop earn edit elect eliminate employ enable encourage end enrol enter escort
establish evaluate examine exceed exclude execute exist expand expire expel explain export extend extract face fail
fetch fill finance finish fire fit follow force found free function fund gain generate grant guard guide handle happen
head heat help hire host house identify import impose improve include increase influence inform inherit inspect
inspire install instruct insult insure interview introduce invade invent invite invoice issue join judge kick kill
kiss lack last launch lease license lift limit list live load locate lock look love lower maintain manage manufacture
mark marry match measure mentor merge migrate monitor move murder name need nominate notify obey obtain occur occupy
offend offer open operate oppose order organise organize outperform outrank overcome overthrow own paint pardon park
pass pay perform permit persuade phone place plan play poison portray praise precede prefer prepare present prevent
print process produce promote propose prosecute protect prove provide publish punish purchase pursue question raise
rank reach receive recommend record recruit reduce refer refuse regard register reject release rely remain remove
renew rent repair replace report represent request require rescue reserve respect respond restart restore restrict
result retain return reveal review reward rule save schedule scan score seem seize select separate serve settle share
ship shoot show sign sink sort sponsor start state stay stem stop store study submit succeed sue suffer suggest
supersede supervise supply support surround surrender suspect switch target tax thank threaten tolerate train transfer
translate trap travel treat trigger trust try turn type upgrade urge use validate value vary veto visit vote wait want
warn wash watch weigh welcome work worship wound wrap yield deprecate retire discontinue archive patch rename tag
abandon abolish unveil inaugurate renovate demolish rebuild expand privatise nationalise dissolve revoke suspend
withdraw amend ratify implement introduce migrate
"""
# The base, the past, and the participle where that is another word.
_IRREGULAR = """
beat/beat/beaten become/became begin/began/begun bind/bound bite/bit/bitten blow/blew/blown break/broke/broken
bring/brought build/built buy/bought catch/caught choose/chose/chosen come/came cut/cut deal/dealt draw/drew/drawn
drive/drove/driven eat/ate/eaten fall/fell/fallen feed/fed feel/felt fight/fought find/found fly/flew/flown
forbid/forbade/forbidden get/got/gotten give/gave/given go/went/gone grow/grew/grown hang/hung hear/heard
hide/hid/hidden hit/hit hold/held hurt/hurt keep/kept know/knew/known lay/laid lead/led leave/left lend/lent let/let
lie/lay/lain lose/lost make/made mean/meant meet/met outrun/outran overrun/overran override/overrode/overridden
pay/paid put/put read/read ride/rode/ridden ring/rang/rung rise/rose/risen run/ran say/said see/saw/seen seek/sought
sell/sold send/sent set/set shake/shook/shaken shut/shut sing/sang/sung sit/sat sleep/slept speak/spoke/spoken
spend/spent split/split spread/spread stand/stood steal/stole/stolen strike/struck/stricken swear/swore/sworn
take/took/taken teach/taught tell/told think/thought throw/threw/thrown understand/understood wear/wore/worn win/won
write/wrote/written
"""
# Verbs that say the same; those behind the bar say it of the two the other way round.
_GROUPS = """
beat defeat conquer overcome | lose
buy acquire purchase | sell
teach train coach mentor instruct | study learn
precede | follow succeed
employ hire recruit | work
own | belong
lend lease rent | borrow
give send lend | receive
contain include comprise | belong
sue prosecute |
murder kill |
supersede replace |
notify inform tell |
exceed outrank outperform |
"""
# Nouns that name who does it.
_DOERS = """
student/study pupil/study teacher/teach owner/own employer/employ supplier/supply winner/win author/write founder/found
successor/succeed predecessor/precede inventor/invent discoverer/discover murderer/murder sponsor/sponsor mentor/mentor
"""


@cache
def verb_forms() -> dict[str, str]:
    """What each form of a verb is compared by, with the verb: ``taught`` and ``teach`` with ``teach``."""
    found = {form: verb for verb in _REGULAR.split() for form in _regular(verb)}
    for entry in _IRREGULAR.split():
        forms = entry.split("/")
        found |= dict.fromkeys(_regular(forms[0]), forms[0])
        found |= {compared(form): forms[0] for form in forms} | dict.fromkeys(forms, forms[0])
    return found | {compared(noun): verb for noun, verb in (entry.split("/") for entry in _DOERS.split())}


def _regular(verb: str) -> set[str]:
    """What its forms are compared by: studied, planned, makes."""
    base = verb[:-1] + "i" if verb.endswith("y") else verb
    return {
        compared(form) for form in (verb, base + "ed", base + "es", verb + "s", verb + "ing", verb + verb[-1] + "ed")
    }


@cache
def grouped() -> dict[str, tuple[str, int]]:
    """Verbs of groups, each with the group's name, and -1 where it tells the matter from the other side."""
    return groups(_GROUPS)
