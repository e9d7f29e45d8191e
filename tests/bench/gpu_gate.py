"""The whole gate on a GPU beside 16 answers: search, query vector and decision, in the engine as the bot runs it.

Run: python -m tests.bench.gpu_gate [--shape 7b]. Needs torch with CUDA, transformers, sentence-transformers and the
base install; random weights of real shapes, the documents of the demo.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

import torch
from transformers import LlamaConfig

from bot.builder import build_base
from bot.config import Settings, load
from bot.engine import Engine as Computing
from bot.engine import open_engine
from bot.teachings import Teachings
from rag.base import Question
from rag.neural.engine.engine import Engine
from tests.bench.gpu_answering import SHAPES, attempt, build, crowd, say
from tests.bench.gpu_embedding import make_model, write_folder

ROOT = Path(__file__).resolve().parents[2]
QUESTIONS = (
    "群答支持哪些文档格式",
    "楼下咖啡涨到 22 一杯了",
    "从茴香豆迁移过来，good_questions.json 还能直接用吗",
    "早上好各位",
    "大模型接口返回 401 是什么原因，密钥明明填了",
    "how do I make one group quieter",
    "周末去哪玩",
    "机器人怎么撤回刚才的回答",
)
PAUSE_S = 0.005  # between questions: a busy installation, not a saturated one


def settings_for(folder: Path, model: Path, computing: str) -> Settings:
    """The demo's documents, embedded by the model on the card."""
    overrides = [
        f"knowledge.documents={ROOT / 'bot/demo/knowledge'}", f"embedder.model={model}", f"bot.computing={computing}",
    ]  # fmt: skip
    return load(None, data=folder / "data", overrides=overrides, environ={})


async def judge(computing: Computing, over: asyncio.Event, spans: list[float]) -> None:
    """One question after the other, as they come from groups; seconds of each."""
    turn = 0
    while not over.is_set():
        begin = time.perf_counter()
        await computing.judge("", Question(QUESTIONS[turn % len(QUESTIONS)]))
        spans.append(time.perf_counter() - begin)
        turn += 1
        await asyncio.sleep(PAUSE_S)


async def measure(name: str, computing: Computing, engine: Engine, config: LlamaConfig, turn: int) -> None:
    """Idle, then beside 16 answers, prefill included."""
    for load_name in ("idle", "16 answers"):
        over, spans = asyncio.Event(), []
        asking = asyncio.create_task(judge(computing, over, spans))
        await (asyncio.sleep(2) if load_name == "idle" else crowd(engine, config, 16, turn))
        over.set()
        await asking
        ordered = [1e3 * span for span in sorted(spans)]
        say(f"gate, computing = {name}, {load_name}: p50 {ordered[len(ordered) // 2]:.1f} ms, "
            f"p99 {ordered[int(len(ordered) * 0.99)]:.1f} ms, worst {ordered[-1]:.1f} of {len(ordered)}")  # fmt: skip


async def run(name: str, folder: Path, model: Path, engine: Engine, config: LlamaConfig) -> None:
    """One way of computing."""
    async with open_engine(settings_for(folder, model, name)) as computing:
        await computing.remake(Teachings(), reopen=True)
        for question in QUESTIONS * 4:
            await computing.judge("", Question(question))
        for turn in range(3):
            await measure(name, computing, engine, config, 10 * len(name) + turn)  # prompts that no other run had


def main() -> None:
    """Print p50 and p99 of both ways."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--shape", default="7b", choices=list(SHAPES))
    config = LlamaConfig(**SHAPES[options.parse_args().shape], rope_theta=1e6)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_folder(make_model(torch.float32), folder / "encoder")
        torch.cuda.empty_cache()
        report = build_base(settings_for(folder, folder / "encoder", "thread"), "default")
        say(f"{report.passages} passages of {report.documents} documents")
        engine = Engine(build(config, torch.bfloat16), max_batch=16, max_len=4096, kv_gb=16)
        engine.start()
        for way in ("process", "thread"):
            attempt(lambda way=way: asyncio.run(run(way, folder, folder / "encoder", engine, config)))
        engine.close()


if __name__ == "__main__":
    main()
