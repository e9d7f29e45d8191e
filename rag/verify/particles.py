"""Chinese words that carry little of what a sentence states: particles, modal words, connectives and spoken fillers.

Only lists; rules that need such a word (negation, "only", "at least") look for it in the text. It knows no rule.
"""

from __future__ import annotations

import re

PARTICLES = frozenset(
    "着呢吧嘛呀哦么啦咯们才先便曾要须需应得让给使令把被会能可将按凭若如倘凡且亦另跟同只仅很太更挺较颇做办弄搞去来"
)
_WORDS = """
的话 一下 一些 一点 一种 一个 有点 的时候 时候 这样 那样 这么 那么 这里 那里 这边 那边 这个 那个 这些 那些 什么 怎么 怎样 如何 要是 若是 假如
假若 倘若 如若 就算 即便 即使 哪怕 一旦 万一 才能 方能 方可 才可以 就可以 就能 就行 才行 就好 便可 会被 将被 将会 将要 也会 也要 还会 还要 还能
还可以 都会 都要 都能 都可以 需先 应先 须先 得先 先要 要先 并且 而且 以及 还有 来说 而言 之类 等等 上述 该项 予以 给予 加以 得以 所谓 是否
我们 你们 他们 她们 它们 大家 本次 本项 本条 此次 这次 这项 这种 这类 该类 那种 实际上 事实上 其实 当然 总的来说 简单来说 简言之 换言之
也就是 就是说 即为 则为 则是 而是 还是 只是 只不过 的情况下 情况下 的情形 之时 之际 期间内 的过程中 过程中 当中 之中 的人 的东西 对此 为此
由此 在此 如此 至于 有关 出来 起来 下来 下去 上去 上来 回来 回去 过来 过去 进来 进去 出去 掉了 完了 好了 到了 来着 而已 罢了 似的 便是 正是
可能会 有可能 不管 不论 无论 虽然 虽说 尽管 可是 然而 从而 于是 接着 之后再 以后再 并不 也不 都不 还不 就不
"""
FILLERS = re.compile("|".join(sorted(map(re.escape, _WORDS.split()), key=len, reverse=True)))
