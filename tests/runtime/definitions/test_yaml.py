"""YAML as Savant reads it: 1.2 scalars, exact positions, and no surprise from a hostile file."""

from __future__ import annotations

import pytest

from savant.errors import ErrorCode, Position, SavantError
from savant.runtime.definitions.yaml import MAX_BYTES, parse, read


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"), ("off", "off"), ("yes", "yes"), ("No", "No"), ("12:30", "12:30"), ("2024-01-01", "2024-01-01"),
        ("true", True), ("False", False), ("null", None), ("~", None), ("", None), ("'true'", "true"), ('"1"', "1"),
        ("12", 12), ("-3", -3), ("0x1F", 31), ("0o17", 15), ("017", 17), ("1.5", 1.5), (".5", 0.5), ("1e3", 1000.0),
        ("1_000", "1_000"), ("1.2.3", "1.2.3"), ("${{ a }}", "${{ a }}"), ("'12'", "12"), ("|\n  12\n", "12\n"),
    ],
)  # fmt: skip
def test_scalars_are_yaml_1_2(text: str, value: object) -> None:
    data = parse(f"key: {text}\n", "f.yaml").data
    assert data == {"key": value}
    assert type(data["key"]) is type(value)


def test_positions_name_the_line_and_column_of_keys_and_values() -> None:
    positions = parse("a: 1\nbé:\n  - {c: x}\n  -  d\n", "f.yaml").positions
    assert positions.value(("a",)) == Position("f.yaml", 1, 4)
    assert positions.key(("bé",)) == Position("f.yaml", 2, 1)
    assert positions.value(("bé", 0, "c")) == Position("f.yaml", 3, 9)
    assert positions.value(("bé", 1)) == Position("f.yaml", 4, 6)
    assert positions.value(("bé", 1, "no", "such")) == Position("f.yaml", 4, 6)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a: x ${{ one }} ${{ two }}\n", (1, 21)),
        ("a: 'x ${{ one }} ${{ two }}'\n", (1, 22)),
        ("a: |\n  x\n  ${{ one }}\n  é ${{ two }}\n", (4, 9)),
        ("a: >\n  x ${{ one }}\n\n  ${{ two }}\n", (4, 7)),
        ('a: "\\u00e9 ${{ one }} ${{ two }}"\n', (1, 27)),
        ("b: &t ${{ one }} ${{ two }}\na: *t\n", (2, 4)),
    ],
)
def test_positions_inside_a_text_are_exact_where_they_can_be(text: str, place: tuple[int, int]) -> None:
    data, positions = parse(text, "f.yaml")
    assert positions.within(("a",), data["a"], data["a"].index("two"))[1:] == place


@pytest.mark.parametrize(
    ("content", "place", "message"),
    [
        ("", (1, 1), "empty"),
        ("  \n\n", (1, 1), "empty"),
        ("# only words\n", (1, 1), "only comments"),
        ("a: 1\nb: 2\na: 3\n", (3, 1), "`a` is given twice"),
        ("a: {b: 1, b: 2}", (1, 11), "`b` is given twice"),
        ("a: !!python/object:os.system x", (1, 4), "tag"),
        ("a: !!str 1", (1, 4), "tag"),
        ("a:\n  b: [1, 2\n", (3, 1), "Not valid YAML"),
        ("a: b: c", (1, 5), "Not valid YAML"),
        ("a: *nothing", (1, 4), "names no anchor"),
        ("a: &x [*x]", (1, 8), "names no anchor"),
        ("a: 1\n---\nb: 2\n", (2, 1), "one definition"),
        ("<<: {a: 1}", (1, 1), "Merge keys"),
        ("? [1]\n: 2", (1, 3), "key must be plain text"),
        ("a: .inf", (1, 4), "JSON"),
        ("a: .nan", (1, 4), "JSON"),
        ("a: 1e999", (1, 4), "too large"),
        ("a: 99999999999999999999", (1, 4), "64 bits"),
        ("a: \x07", (1, 4), "U+0007"),
        (b"a: caf\xe9", (1, 7), "UTF-8"),
        (b"\xff\xfea\x00", (1, 1), "UTF-8"),
        (b"#" * (MAX_BYTES + 1), (1, 1), "larger than"),
        ("[" * 500, (1, 66), "nested deeper"),
        ("a:\n" + "".join(f"{' ' * n}b:\n" for n in range(1, 200)), (66, 66), "nested deeper"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_an_error_with_a_place(content: str | bytes, place: tuple[int, int], message: str) -> None:
    with pytest.raises(SavantError) as caught:
        parse(content, "f.yaml")
    assert caught.value.code is ErrorCode.INVALID_DEFINITION
    assert message in caught.value.message
    assert caught.value.position == Position("f.yaml", *place)


def test_an_unquoted_expression_in_braces_says_to_quote_it() -> None:
    with pytest.raises(SavantError) as caught:
        parse("a: {b: ${{ inputs.x }}}", "f.yaml")
    assert "quotes" in (caught.value.hint or "")


def test_aliases_are_copies() -> None:
    data = parse("a: &x {n: [1]}\nb: *x\n", "f.yaml").data
    data["b"]["n"].append(2)
    assert data == {"a": {"n": [1]}, "b": {"n": [1, 2]}}


def test_an_alias_bomb_is_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    with pytest.raises(SavantError, match="aliases counted"):
        parse("\n".join(lines), "f.yaml")


def test_a_byte_order_mark_is_no_part_of_the_file() -> None:
    assert parse("\ufeffa: 1".encode(), "f.yaml").data == {"a": 1}


def test_a_file_that_cannot_be_read_is_an_error(tmp_path) -> None:
    with pytest.raises(SavantError) as caught:
        read(tmp_path / "none.yaml")
    assert caught.value.code is ErrorCode.NOT_FOUND


def test_a_file_nested_so_deep_that_the_parser_itself_gives_up() -> None:
    with pytest.raises(SavantError, match="nested deeper than 64 levels"):
        parse("[" * 100_000, "f.yaml")
