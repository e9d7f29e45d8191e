"""config.ini, environment and overrides become validated settings, or one error that names the place."""

from __future__ import annotations

import string
from configparser import ConfigParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config import PREFIXED, SINGLE, ConfigError, Settings, load, unknown_variables

PROJECT = Path(__file__).parent.parent


def read(text: str, tmp_path: Path, *overrides: str, **environ: str) -> Settings:
    (tmp_path / "config.ini").write_text(text, "utf-8")
    return load(tmp_path / "config.ini", overrides=overrides, environ=environ)


def test_without_a_file_the_defaults_apply(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load(None, environ={})
    assert (settings.path, settings.data, settings.gate.unwanted_per_1000) == (None, tmp_path / "data", 20)
    assert set(settings.knowledge) == {"default"}


def test_the_file_of_the_working_directory_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.ini").write_text("[gate]\nunwanted_per_1000 = 3\n")
    monkeypatch.chdir(tmp_path)
    assert load(None, environ={}).gate.unwanted_per_1000 == 3


def test_an_override_beats_the_environment_which_beats_the_file(tmp_path: Path) -> None:
    text = "[gate]\nunwanted_per_1000 = 1\n"
    variable = {"QUNDA_GATE_UNWANTED_PER_1000": "2"}
    assert read(text, tmp_path).gate.unwanted_per_1000 == 1
    assert read(text, tmp_path, **variable).gate.unwanted_per_1000 == 2
    assert read(text, tmp_path, "gate.unwanted_per_1000=3", **variable).gate.unwanted_per_1000 == 3


def test_the_default_base_has_variables_under_either_name(tmp_path: Path) -> None:
    for header in ("[knowledge]", "[knowledge:default]"):
        settings = read(f"{header}\ndocuments = a\ngood_questions = g.json\n", tmp_path, QUNDA_KNOWLEDGE_DOCUMENTS="b")
        assert settings.knowledge["default"].documents == ("b",)
        assert settings.knowledge["default"].good_questions == "g.json"
    settings = read("[knowledge]\ndocuments = a\n", tmp_path, "knowledge:default.documents=c, d")
    assert settings.knowledge["default"].documents == ("c", "d")


def test_an_empty_variable_changes_nothing(tmp_path: Path) -> None:
    assert read("[bot]\nname = Q\n", tmp_path, QUNDA_BOT_NAME="").bot.name == "Q"


def test_lists_are_separated_by_commas_or_lines(tmp_path: Path) -> None:
    settings = read("[bot]\nadmins = feishu:a, feishu:b\n  wechaty:c\n", tmp_path)
    assert settings.bot.admins == ("feishu:a", "feishu:b", "wechaty:c")


def test_an_empty_value_means_the_default_and_for_a_text_the_empty_one(tmp_path: Path) -> None:
    settings = read("[bot]\nname =\nlanes =\n[llm]\napi_key =\n", tmp_path)
    assert (settings.bot.name, settings.bot.lanes, settings.llm.api_key.get_secret_value()) == ("", 8, "")


def test_comments_marks_and_windows_line_ends_are_read_as_meant(tmp_path: Path) -> None:
    settings = read("\ufeff[bot]\r\nname = 100% #1   # ours\r\n", tmp_path)
    assert settings.bot.name == "100%"
    assert read("[bot]\nname = a#b%(x)s\n", tmp_path).bot.name == "a#b%(x)s"


def test_paths_start_at_the_file_and_data_lies_beside_it(tmp_path: Path) -> None:
    settings = read("[knowledge]\ndocuments = docs, ~/x, /abs\n", tmp_path)
    assert settings.data == tmp_path / "data"
    resolved = [settings.resolve(path) for path in settings.knowledge["default"].documents]
    assert resolved == [tmp_path / "docs", Path.home() / "x", Path("/abs")]


def test_groups_and_bases_are_read_by_name(tmp_path: Path) -> None:
    text = "[knowledge:b]\ndocuments = d\n[group:feishu:oc_1:x]\nmode = passive\nknowledge = default, b\n"
    settings = read(text, tmp_path)
    assert settings.group("feishu:oc_1:x").knowledge == ("default", "b")
    assert settings.group("feishu:other").mode is None
    assert set(settings.knowledge) == {"default", "b"}


def test_a_secret_is_shown_nowhere(tmp_path: Path) -> None:
    settings = read("[llm]\napi_key = sk-secret\n", tmp_path)
    assert "sk-secret" not in repr(settings) + str(settings.llm)
    assert settings.llm.api_key.get_secret_value() == "sk-secret"


@pytest.mark.parametrize(
    "content", [b"\xff\xfe\x00", b"[bot]\nname = \xe9\n", b"[bot]\n[bot]\n", b"[bot]\na = 1\na = 2\n"]
)
def test_a_file_that_cannot_be_read_is_named(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "config.ini").write_bytes(content)
    with pytest.raises(ConfigError, match=r"config\.ini"):
        load(tmp_path / "config.ini", environ={})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[bot]\nname = a\nname = b\n", "line 3: [bot] has name twice; keep one of the two lines"),
        ("[bot]\nname = a\n[bot]\n", "line 3: [bot] stands there twice; put its keys under one heading"),
        ("[bot]\nname\n", "line 2: neither a [section] nor key = value"),
    ],
)
def test_a_line_that_cannot_stand_there_is_told_in_one_line(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        read(text, tmp_path)
    assert str(raised.value) == f"{tmp_path / 'config.ini'}, {said}"


def test_a_value_that_is_none_of_a_list_is_answered_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="did you mean 'deepseek'"):
        read("[llm]\npreset = DeepSeak\n", tmp_path)
    with pytest.raises(ConfigError, match=r"'kimi'(?!.*did you mean)"):
        read("[llm]\npreset = zzzzzz\n", tmp_path)


@given(st.sampled_from(sorted(SINGLE)), st.data())
def test_a_key_with_one_letter_wrong_is_answered_with_the_right_one(section: str, data: st.DataObject) -> None:
    key = data.draw(st.sampled_from(sorted(SINGLE[section].model_fields)))
    place = data.draw(st.integers(0, len(key) - 1))
    wrong = key[:place] + data.draw(st.sampled_from(string.ascii_lowercase)) + key[place + 1 :]
    if wrong in SINGLE[section].model_fields:
        return
    with pytest.raises(ConfigError) as raised:
        load(PROJECT / "config.ini", overrides=[f"{section}.{wrong}=1"], environ={})
    assert f"[{section}] has no key {wrong!r}" in str(raised.value)
    assert f"did you mean {key!r}" in str(raised.value) or "did you mean" in str(raised.value)


def test_variables_that_are_no_settings_come_with_the_nearest_one() -> None:
    found = dict(unknown_variables({"QUNDA_KNOWLEDGE_DOCUMENT": "x", "QUNDA_BOT_NAME": "y", "PATH": "z"}))
    assert found == {"QUNDA_KNOWLEDGE_DOCUMENT": "did you mean 'QUNDA_KNOWLEDGE_DOCUMENTS'?"}


def test_the_config_of_the_project_names_every_key_with_its_default() -> None:
    """Read once as it is and once with every commented key switched on: the same settings come out."""
    text = (PROJECT / "config.ini").read_text("utf-8")
    as_it_is = load(PROJECT / "config.ini", environ={})
    shown: dict[str, dict[str, str]] = {}
    section = ""
    for line in text.splitlines():
        bare = line.removeprefix("# ")
        if bare.startswith("[") and bare.rstrip().endswith("]"):
            section = bare.strip("[] \n")
        elif " =" in bare and bare.split(" =")[0].isidentifier():
            shown.setdefault(section, {}).setdefault(bare.split(" =")[0], bare.partition("=")[2].strip())
    for name, model in {**SINGLE, "knowledge": PREFIXED["knowledge"]}.items():
        assert set(shown[name]) >= set(model.model_fields), name
        read_section = as_it_is.knowledge["default"] if name == "knowledge" else getattr(as_it_is, name)
        parser = ConfigParser(interpolation=None)
        parser.read_string(text)
        for key in set(model.model_fields) - set(parser[name]):
            default, value = getattr(model(), key), shown[name][key]
            if isinstance(default, int | float) and not isinstance(default, bool):
                assert float(value) == default, key
            elif value and isinstance(default, str) and default:
                assert value == default, key
            assert getattr(read_section, key) == default


@pytest.mark.parametrize(("written", "weight"), [("auto", None), (" Auto", None), ("0.15", 0.15), ("0", 0.0)])
def test_a_weight_is_a_number_or_left_to_the_embedder(written: str, weight: float | None, tmp_path: Path) -> None:
    settings = load(None, data=tmp_path, overrides=[f"retrieval.dense_weight={written}"], environ={})
    assert settings.retrieval.dense_weight == weight
    for wrong in ("-1", "much"):
        with pytest.raises(ConfigError, match="dense_weight"):
            load(None, data=tmp_path, overrides=[f"retrieval.dense_weight={wrong}"], environ={})
