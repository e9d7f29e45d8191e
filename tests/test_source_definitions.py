"""What source files define, read by syntax tree, outline and lines, and how much of it an answer shows."""

from __future__ import annotations

import pytest
from defined_sources import FILES, PYTHON

from rag.defined import first_lines
from rag.formats.base import Converted, Limits
from rag.formats.source import convert


def test_of_a_long_definition_the_signature_and_what_follows_at_once_is_shown() -> None:
    body = "\n".join(f"    step_{n}()" for n in range(40))
    code = (
        f'@cached\ndef build(\n    a: int,\n    b: int,\n) -> None:\n    """Build it.\n\n    Longer.\n    """\n{body}'
    )
    shown = first_lines(code, "build")
    assert shown.startswith("@cached\ndef build(") and ") -> None:" in shown and "Build it." in shown
    assert "step_20" not in shown


def converted(text: str, name: str) -> Converted:
    return convert(text.encode(), name, Limits())


@pytest.mark.parametrize(("name", "text"), FILES.items())
def test_offsets_lead_to_the_line_itself(name: str, text: str) -> None:
    found = converted(text, name)
    assert found.definitions
    for one in found.definitions:
        shown, own = found.text[one.start : one.end], one.name.rpartition(".")[2]
        assert own in text.split("\n")[one.line - 1] and own in shown and "```" not in shown, one
    assert Converted.from_dict(found.as_dict()) == found


@pytest.mark.parametrize("text", ["def broken(:\n    pass\n\nclass A:\n    def b(self):\n        return 1\n", ""])
def test_python_that_does_not_parse_is_read_by_its_outline(text: str) -> None:
    names = [one.name for one in converted(text, "a.py").definitions]
    assert names == (["broken", "A", "A.b"] if "broken" in text else [])


def test_braces_that_do_not_balance_and_blocks_without_a_name_hide_nothing() -> None:
    cpp = """#ifdef __cplusplus
extern "C" {
#endif
#if WINDOWS
int start(int port) {
#else
int start(int port, int flags) {
#endif
  return 0;
}
#  define INNER 1
int stop(void);
#ifdef __cplusplus
}
#endif
namespace {
struct Hidden {
  int size() { return 1; }
};
}  // namespace
int main() { return 0; }
"""
    names = [(one.name, one.line) for one in converted(cpp, "a.cpp").definitions]
    assert names[:2] == [("start", 5), ("start", 7)] and names[2:4] == [("INNER", 11), ("stop", 12)]
    assert names[4:] == [("Hidden", 17), ("Hidden.size", 18), ("main", 21)]
    script = "function first(text) {\n  return /[{]+/.test(text);\n}\nif (a) {\n} else {\n}\nfunction second() {\n}\n"
    assert [one.name for one in converted(script, "a.js").definitions] == ["first", "second"]


@pytest.mark.parametrize("end", ["\r\n", "\r", "\f\n", "\u2028\n"])
def test_other_line_ends_break_nothing(end: str) -> None:
    for name, text in (("a.py", PYTHON), ("a.ts", FILES["client.ts"])):
        found = converted(text.replace("\n", end), name)
        for one in found.definitions if end != "\r" else ():
            assert one.name.rpartition(".")[2] in found.text[one.start : one.end], one


@pytest.mark.parametrize("line", ["a " * 240, "a<b> " * 99, "*& " * 160, "public " * 70, "template<" * 50, "( " * 240])
def test_lines_without_sense_define_nothing_and_take_no_time(line: str) -> None:
    for name in ("a.cpp", "a.go", "a.rs", "a.ts", "a.java", "a.sh"):
        assert converted(f"{line}\nclass A {{\n{line}\n}}\n", name).text
