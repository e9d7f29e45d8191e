"""How much of a statement an English word is: most a noun of content, least a helping word. Knows no sentence.

What a sentence is about stands in its nouns and in few of its verbs. Verbs that go with anything (get, make, keep), and
adverbs of degree and manner, come and go in a faithful paraphrase.
"""

from __future__ import annotations

from rag.verify.lexicon import FUNCTION_WORDS

FUNCTION, GENERAL, SOME, CONTENT = 0.2, 0.5, 1.0, 2.0
_HELPING = """
am doesn didn isn aren wasn weren hasn haven hadn couldn wouldn shouldn mustn needn ain let's ll ve re
am having doing done does being get gets got getting also within along across among amongst upon onto toward towards
whether although though even whereas while whilst once much many few little own same both either neither else any some
anything something someone somebody anyone anybody everyone everybody nobody nothing everything one ones itself
themselves himself herself yourself ourselves myself what how why where when ever yet so too quite rather only after
before during
 against through throughout around about above below off away back again together another few several enough may
per via plus without within despite regardless apart except besides instead otherwise
"""
_GENERAL = """
make makes made making take takes took taken taking use uses used using have need needs needed keep keeps kept keeping
happen happens happened happening go goes went gone going come comes came coming give gives given gave giving put puts
set let lets become becomes became stay stays stayed remain remains remained seem seems appear appears mean means meant
bring brings brought do want wants wanted work works worked working look looks looked turn turns turned hold holds held
count counts concern concerns concerned regard regards involve involves involved apply applies applied exist exists
happen occur occurs occurred carry carries carried stand stands stood lie lies lay get found find finds see sees seen
know knows known call calls called say says said tell tells told try tries tried help helps helped serve serves served
allow allows allowed enable enables mean provide provides provided offer offers offered possible able likely please
thing things way ways case cases kind kinds sort sorts type types part parts item items matter matters fact facts
really actually simply basically generally usually normally typically always often sometimes currently presently now
then directly completely entirely fully totally wholly exactly precisely clearly easily quickly immediately soon
already afterwards afterward therefore however moreover furthermore additionally accordingly consequently namely
especially particularly mainly mostly chiefly largely partly merely solely exclusively respectively specifically
separately altogether anyway anyhow indeed certainly firstly finally lastly eventually meanwhile
approximately roughly about around nearly almost least most
different various certain particular specific general whole entire respective corresponding following relevant
appropriate necessary required order form such like available extra further additional another other
automatically manually instead else soon far well good better best great
"""
_SOME = """
run runs ran running start starts started starting begin begins began begun show shows shown showed add adds added
include includes included contain contains contained receive receives received create creates created
change changes changed place places placed time times number numbers amount amounts people person someone
first last next new old big large long
value values result results reason reasons time day days point points end ends ended
"""
_BY_WORD = (
    dict.fromkeys(_SOME.split(), SOME) | dict.fromkeys(_GENERAL.split(), GENERAL)
    | dict.fromkeys(_HELPING.split(), FUNCTION) | dict.fromkeys(FUNCTION_WORDS, FUNCTION)
)  # fmt: skip


def weight(word: str) -> float:
    """The weight of a word in lower case."""
    return _BY_WORD.get(word, CONTENT)
