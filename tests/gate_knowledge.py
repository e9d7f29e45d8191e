"""A knowledge base of several hundred passages in two languages for tests of the gate, and questions on it.

The project's own documents and its demo, and generated manuals of products that nobody has.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from rag.base import Evidence
from rag.build import build
from rag.embedder import LexicalEmbedder
from rag.gate import LabelledExample, RelevanceGate, default_examples, train_gate
from rag.knowledge import open_current
from rag.retriever import HybridRetriever

ROOT = Path(__file__).resolve().parent.parent
EMBEDDER = LexicalEmbedder()
_FOLDER = TemporaryDirectory()  # passages are read when they are asked for
PRODUCTS = ("tensorpipe", "imgforge", "quantkit", "streamdb", "flowrunner", "graphmill", "voicebox", "mapstitch")
# (topic in Chinese, in English, a key of the configuration)
TOPICS = (
    ("训练自定义数据集", "training on a custom dataset", "dataset_root"),
    ("导出模型到 onnx", "exporting the model to onnx", "export_opset"),
    ("多卡分布式训练", "distributed training on several GPUs", "world_size"),
    ("量化与推理加速", "quantization and faster inference", "quant_bits"),
    ("显存占用与批次大小", "GPU memory and the batch size", "batch_size"),
    ("安装依赖和编译", "installing dependencies and compiling", "cuda_arch"),
    ("日志和调试信息", "logs and debug output", "log_level"),
    ("断点续训与检查点", "checkpoints and resuming a training run", "checkpoint_every"),
    ("学习率调度", "the learning rate schedule", "warmup_steps"),
    ("数据增强流水线", "the data augmentation pipeline", "augment_prob"),
)
_ZH = (
    "# {product} 手册：{topic}\n\n{product} 的{topic}由配置项 `{key}` 控制，默认值适合大多数情况。"
    "修改 `{key}` 以后需要重新启动服务，否则 {product} 会继续使用旧的参数。\n\n"
    "## 步骤\n\n先运行 `{product} init`，再在配置文件里设置 `{key}`，最后用 `{product} check` 检查环境。"
    "如果报错，查看日志里的错误码，常见原因是版本不兼容、路径不存在或者权限不足。\n\n"
    "## 常见问题\n\n问：{topic}很慢怎么办？"
    "答：降低 `{key}`，关闭调试输出，升级驱动，并确认没有其他进程占用显卡。\n"
)
_EN = (
    "# {product} manual: {topic}\n\nIn {product}, {topic} is controlled by the option `{key}`. The default suits most "
    "machines. After changing `{key}`, restart the service, or {product} keeps the old parameters.\n\n## Steps\n\n"
    "Run `{product} init`, set `{key}` in the configuration file, and verify the environment with `{product} check`. "
    "If it fails, look up the error code in the log: usually a version is incompatible, a path is missing, or a "
    "permission was denied.\n\n## Frequently asked\n\nWhy is {topic} slow? Lower `{key}`, turn off debug output, "
    "upgrade the driver, and make sure that no other process uses the GPU.\n"
)
_ASKED_ZH = ("{product} 怎么做{topic}", "请问 {product} 的 {key} 应该设置成多少？", "{product} {topic}报错了怎么办")
_ASKED_EN = (
    "how do I set {key} in {product}?",
    "{product} fails with an error, is it {topic}?",
    "what does the option {key} of {product} do?",
)
_TALK_ZH = (
    "今天{thing}真不错",
    "{thing}吃完了谁去买",
    "谁周末一起去{thing}",
    "{thing}又涨价了",
    "昨天的{thing}你们看了吗",
)
_TALK_EN = (
    "the {thing} was lovely today",
    "who is coming to the {thing} on Sunday?",
    "the {thing} got so expensive",
    "did you see the {thing} last night?",
)
_THINGS = (("火锅", "picnic"), ("电影", "movie"), ("球赛", "match"), ("奶茶", "coffee"), ("西瓜", "cake"))
_THINGS += (("演唱会", "concert"), ("地铁", "train"), ("咖啡", "pizza"), ("房租", "rent"), ("海边", "beach"))


def manuals() -> dict[str, str]:
    """File names and texts of the generated manuals."""
    found = {}
    for product in PRODUCTS:
        for zh, en, key in TOPICS:
            found[f"{product}/{key}.zh.md"] = _ZH.format(product=product, topic=zh, key=key)
            found[f"{product}/{key}.en.md"] = _EN.format(product=product, topic=en, key=key)
    return found


def questions(step: int, start: int) -> list[str]:
    """Every ``step``-th question on the manuals, half of them in English."""
    asked = [
        pattern.format(product=product, topic=zh if pattern in _ASKED_ZH else en, key=key)
        for product in PRODUCTS
        for zh, en, key in TOPICS
        for pattern in (*_ASKED_ZH, *_ASKED_EN)
    ]
    return asked[start::step]


def chatter() -> list[str]:
    """Talk about other things, in both languages."""
    return [
        pattern.format(thing=zh if pattern in _TALK_ZH else en)
        for zh, en in _THINGS
        for pattern in (*_TALK_ZH, *_TALK_EN)
    ]


@cache
def searcher() -> Callable[[str], Evidence]:
    """The real search over the real build."""
    folder = Path(_FOLDER.name)
    for name, text in manuals().items():
        path = folder / "manuals" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    build([folder / "manuals", ROOT / "docs", ROOT / "bot" / "demo" / "knowledge"], folder / "knowledge", EMBEDDER)
    retriever = HybridRetriever([open_current(folder / "knowledge", "default", EMBEDDER.id)], EMBEDDER)
    assert len(retriever) > 300
    return lambda text: retriever.search(text, 8)


@cache
def fresh_gate() -> RelevanceGate:
    """A group that has taught nothing: prior and shipped examples alone."""
    return train_gate(default_examples(), searcher(), EMBEDDER, unwanted_per_1000=20, expected_share=0.1)


@cache
def taught_gate() -> RelevanceGate:
    """A group with a hundred and more labels of its own."""
    own = [LabelledExample(text, True, source="file") for text in questions(7, 0)]
    own += [LabelledExample(text, False, source="file") for text in chatter()]
    return train_gate([*default_examples(), *own], searcher(), EMBEDDER, unwanted_per_1000=20, expected_share=0.1)
