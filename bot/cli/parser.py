"""The command line: parses arguments, loads the settings, calls the command, and turns errors into exit statuses.

Commands are imported when they run, so that ``qunda --help`` stays quick.
"""

from __future__ import annotations

import argparse
import errno
import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bot import VERSION

DONE, FAILED, WRONG = 0, 1, 2


def run(arguments: Sequence[str]) -> int:
    """Run one command; its exit status: 0 done, 1 failed, 2 wrong usage or config, 130 stopped by Ctrl-C."""
    parser = make_parser()
    try:
        options = parser.parse_args(arguments)
    except SystemExit as stop:
        return int(stop.code or 0)
    if not hasattr(options, "module"):
        parser.print_help()
        return DONE
    return _run_command(options)


def _run_command(options: argparse.Namespace) -> int:
    from adapters.base import AdapterError, InboxError
    from bot.config import ConfigError
    from bot.lock import DataLockError
    from bot.store import StoreError
    from rag.base import RagError

    expected = (ConfigError, RagError, StoreError, DataLockError, AdapterError, InboxError, OSError)
    try:
        return _call(options)
    except expected as error:
        return _complain(error, WRONG if isinstance(error, ConfigError) else FAILED, options)
    except BaseExceptionGroup as group:
        only = _only(group, expected)
        if only is None:
            raise
        return _complain(only, WRONG if isinstance(only, ConfigError) else FAILED, options)


def _call(options: argparse.Namespace) -> int:
    from bot import log
    from bot.cli.screen import write_anything
    from bot.config import load

    write_anything()
    overrides = [*getattr(options, "set_before", []), *getattr(options, "set_after", [])]
    settings = load(getattr(options, "config", None), data=getattr(options, "data", None), overrides=overrides)
    options.data_in_use = settings.data
    log.set_up(settings.bot.log_level if options.logs == "all" else options.logs)
    module = importlib.import_module(f"bot.cli.{options.module}")
    status: int = getattr(module, options.function)(settings, options)
    sys.stdout.flush()  # here, where a closed pipe is still an error like any other
    return status


def _only(group: BaseExceptionGroup[BaseException], expected: tuple[type[Exception], ...]) -> Exception | None:
    """The first error of a task group that failed for expected reasons alone; None where there are others."""
    known, others = group.split(expected)
    if known is None or others is not None:
        return None
    first: BaseException = known
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    assert isinstance(first, Exception)
    return first


def _complain(error: Exception, status: int, options: argparse.Namespace) -> int:
    try:
        sys.stdout.flush()
    except OSError:  # nobody reads on, or no room where it goes: the end of the process would fail at it once more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(error, BrokenPipeError):  # `qunda knowledge | head` is no fault to report
        return status
    print(f"qunda: {_told(error, options)}", file=sys.stderr)
    return status


def _told(error: Exception, options: argparse.Namespace) -> str:
    if not isinstance(error, OSError):
        return str(error)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        folder = getattr(options, "data_in_use", "data")
        place = error.filename or f"the data folder {folder}, or where the output goes"
        return f"no space is left on the disk ({place}): free some space there and run it again"
    return f"{error.filename}: {error.strerror}" if error.filename else str(error)


def make_parser() -> argparse.ArgumentParser:
    """All commands with their options; global options may stand before or after the command."""
    parser = argparse.ArgumentParser(
        prog="qunda",
        parents=[_global_options("set_before")],
        description="群答: answers questions in group chats from a knowledge base, and stays silent otherwise.",
        epilog="Start with: qunda demo",
    )
    parser.add_argument("--version", action="version", version=f"qunda {VERSION}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    def command(name: str, module: str, function: str, summary: str, *, logs: str = "ERROR") -> argparse.ArgumentParser:
        made = commands.add_parser(name, parents=[_global_options("set_after")], help=summary, description=summary)
        made.set_defaults(module=module, function=function, logs=logs)
        return made

    _add_talking(command)
    _add_knowledge(command)
    _add_models(command)
    _add_measuring(command)
    _add_teaching(command)
    _add_serving(command)
    return parser


def _global_options(set_name: str) -> argparse.ArgumentParser:
    """``set_name`` differs before and after the command: argparse would let the second list replace the first."""
    common = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    group = common.add_argument_group("global options")
    group.add_argument("--config", type=Path, metavar="FILE", help="config.ini to use (default: ./config.ini if there)")
    group.add_argument("--data", type=Path, metavar="DIR", help="data folder (default: data beside the config)")
    group.add_argument(
        "--set", action="append", dest=set_name, metavar="SECTION.KEY=VALUE", help="override a setting (repeatable)"
    )
    return common


def _speed(text: str) -> float:
    speed = float(text)
    if not 0 <= speed <= 1_000_000:
        raise argparse.ArgumentTypeError("must be 0 or more")
    return speed


def _add_talking(command: Any) -> None:
    summary = "sample knowledge and a sample group chat, then an interactive group"
    demo = command("demo", "demo", "demo", summary, logs="WARNING")
    demo.add_argument("--speed", type=_speed, default=1.0, help="pace of the sample chat (default 1; 0: no delays)")
    ask = command("ask", "ask", "ask", "decide and answer one question, or a list of them")
    ask.add_argument("text", nargs="?", help="the question")
    ask.add_argument("--mention", action="store_true", help="as if the bot had been mentioned")
    ask.add_argument("--sample", type=Path, metavar="FILE.json", help="a JSON list of questions")
    ask.add_argument("--json", action="store_true", help="print JSON")
    command("chat", "chat", "chat", "chat with the configured language model, without retrieval")


def _add_knowledge(command: Any) -> None:
    build = command("build", "build", "build", "make a knowledge version from documents")
    build.add_argument(
        "paths", nargs="*", metavar="PATH", help="folders, repositories, web pages (default: those of config.ini)"
    )
    build.add_argument("--base", default="default", help="the knowledge base to build (default: default)")
    build.add_argument("--json", action="store_true", help="print JSON")
    knowledge = command("knowledge", "knowledge", "knowledge", "bases, versions and failures; passages of a file")
    actions = "show FILE: the passages of a file as cut; files: every document"
    knowledge.add_argument("action", nargs="?", choices=["show", "files"], help=actions)
    knowledge.add_argument("file", nargs="?", metavar="FILE", help="the uri or name of the file to show")
    knowledge.add_argument("--base", default="", help="only this base")
    knowledge.add_argument("--json", action="store_true", help="print JSON")


def _add_models(command: Any) -> None:
    models = command("models", "models", "models_pull", "download the models that config.ini names", logs="WARNING")
    models.add_argument("action", choices=["pull"], help="pull: download the files that are missing")
    models.add_argument("models", nargs="*", metavar="OWNER/NAME", help="these instead of those of config.ini")
    models.add_argument("--source", choices=["huggingface", "modelscope"], default=None, help="the hub")


def _add_measuring(command: Any) -> None:
    evaluate = command("eval", "evaluate", "evaluate", "measure the gate on labelled messages")
    evaluate.add_argument("file", type=Path, metavar="FILE.jsonl", help='lines of {"text", "answer", "block"?}')
    evaluate.add_argument("--train", type=Path, metavar="FILE", help="labelled examples to add for this run")
    evaluate.add_argument("--cross-validate", type=int, metavar="K", help="fit anew in each of K folds of whole blocks")
    evaluate.add_argument("--seed", type=int, default=0, help="which assignment of blocks to folds (default 0)")
    evaluate.add_argument("--plot", type=Path, metavar="FILE.svg", help="draw precision, reliability, learning curve")
    evaluate.add_argument("--predictions", type=Path, metavar="OUT.jsonl", help="write one line per message")
    evaluate.add_argument("--json", action="store_true", help="print JSON")
    retrieval = command("eval-retrieval", "eval_retrieval", "eval_retrieval", "measure the search")
    retrieval.add_argument("file", type=Path, metavar="FILE.jsonl", help='lines of {"question", "relevant"}')
    retrieval.add_argument("--base", default="default", help="the knowledge base (default: default)")
    retrieval.add_argument("--json", action="store_true", help="print JSON")
    answers = command("eval-answers", "eval_answers", "eval_answers", "measure answers, abstentions and citations")
    answers.add_argument("file", type=Path, metavar="FILE.jsonl", help='lines of {"question", "answer", "sources"?}')
    answers.add_argument("--passive", action="store_true", help="overheard in a group (default: the bot is mentioned)")
    answers.add_argument("--json", action="store_true", help="print JSON")
    replay = command("replay", "replay", "replay", "recorded messages through the real queue", logs="WARNING")
    replay.add_argument("input", type=Path, metavar="IN.jsonl", help='lines of {"text", ...}')
    replay.add_argument("output", type=Path, metavar="OUT.jsonl", help="gets one decision line for each of them")
    replay.add_argument("--limits", action="store_true", help="apply the rate limits")


def _add_teaching(command: Any) -> None:
    label = command("label", "label", "label", "label a chat export, the most informative message first")
    label.add_argument("file", type=Path, metavar="FILE", help='lines of {"text"} (.jsonl), or plain text')
    label.add_argument("--out", type=Path, metavar="OUT.jsonl", help="where labels go (default: beside FILE)")
    gate = command("gate", "gate_review", "gate_review", "look after the gate's examples")
    gate.add_argument("action", choices=["review"], help="review: likely label errors and near-duplicates")
    gate.add_argument("--group", default="", metavar="PLATFORM:CHAT", help="examples of this group and of all groups")
    gate.add_argument("--json", action="store_true", help="print JSON")


def _add_serving(command: Any) -> None:
    command("run", "serve", "serve", "serve the adapters that config.ini enables", logs="all")
    doctor = command("doctor", "doctor", "doctor", "check the set-up and say what to do")
    doctor.add_argument("--quiet", action="store_true", help="print what needs attention only")
    doctor.add_argument("--json", action="store_true", help="print JSON")
