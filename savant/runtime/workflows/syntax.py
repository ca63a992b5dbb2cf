"""The syntax of an expression: its references, and a rewriting that makes each of them strict.

minijinja itself gives nothing for a missing last attribute, lets a program call methods of Python objects, and
repeats text without a useful bound. So every reference becomes a call of `_get`, `~` of `_join` and `*` of `_times`;
what remains (operators, filters, tests) is minijinja's own.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from savant.runtime.definitions.positions import did_you_mean
from savant.runtime.workflows.tokens import (
    CONSTANTS,
    FILTERS,
    FUNCTIONS,
    LOOSE,
    MAX_DEPTH,
    MAX_LENGTH,
    TESTS,
    WORDS,
    Fault,
    Token,
    tokens,
)


class Reference(NamedTuple):
    """A name and what is looked up in it as far as that is written out; each part with its offset."""

    parts: tuple[str | int, ...]
    offsets: tuple[int, ...]
    guarded: bool


class Expression(NamedTuple):
    """A checked expression: minijinja source, its references, and whether it is nothing but one of them."""

    source: str
    references: list[Reference]
    plain: bool


def parse_expression(text: str) -> Expression:
    """Check the syntax; raises Fault."""
    if len(text) > MAX_LENGTH:
        raise Fault(f"The expression is longer than {MAX_LENGTH:,} characters.", 0, "Use `set` to name its parts.")
    parser = _Parser(tokens(text), len(text))
    source = parser.loose("")
    if parser.peek().kind != "end":
        parser.unexpected()
    references = parser.references
    plain = parser.only_reference and len(references) == 1 and not references[0].guarded
    return Expression(source, references, plain)


class _Chain:
    """A value and the lookups after it: the arguments of one call of `_get`."""

    def __init__(self, base: str, parts: tuple[str | int, ...], offsets: tuple[int, ...]) -> None:
        self.lookups = list(zip(parts, offsets, strict=True))
        self.arguments: list[str] = []
        self.written = bool(parts)
        self._base = base
        self._label = str(parts[0]) if parts else ""

    def add(self, index: str, literal: str | int | None, offset: int) -> None:
        self.arguments += [str(offset), index]
        if literal is None:
            self.written = False
        elif self.written:
            self.lookups.append((literal, offset))

    def source(self, guarded: bool) -> str:
        if not self.arguments:
            return self._base
        return f"{'_find' if guarded else '_get'}({_quote(self._label)}, {self._base}, {', '.join(self.arguments)})"


class _Parser:
    """Recursive descent over tokens; each method returns minijinja source."""

    def __init__(self, tokens: list[Token], length: int) -> None:
        self._all = tokens
        self._end = Token("end", "", length)
        self._at = 0
        self._depth = 0
        self.references: list[Reference] = []
        self.only_reference = False
        self._literal = True

    def peek(self, ahead: int = 0) -> Token:
        index = self._at + ahead
        return self._all[index] if index < len(self._all) else self._end

    def _next(self) -> Token:
        token = self.peek()
        self._at += 1
        return token

    def _is(self, *texts: str, ahead: int = 0) -> bool:
        token = self.peek(ahead)
        return token.kind in ("mark", "name") and token.text in texts

    def _expect(self, text: str) -> None:
        if not self._is(text):
            self.unexpected(f"`{text}`")
        self._at += 1

    def unexpected(self, wanted: str | None = None) -> None:
        token = self.peek()
        what = f"Unexpected `{token.text}`" if token.text else "The expression ends too early"
        raise Fault(f"{what}, expected {wanted}." if wanted else f"{what}.", token.offset)

    def loose(self, closers: str) -> str:
        """Everything that binds weaker than `~`, up to what closes it."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise Fault(f"The expression is nested deeper than {MAX_DEPTH} levels.", self.peek().offset)
        parts: list[str] = []
        wants_value = True
        while self.peek().kind != "end" and not (self.peek().text and self.peek().text in closers):
            if self._is(*LOOSE):
                self.only_reference = False
                parts.append(self._next().text)
                wants_value = True
            elif wants_value:
                parts.append(self._joined())
                wants_value = False
            else:
                self.unexpected("an operator")
        if wants_value:
            self.unexpected("a value")
        if parts.count("if") != parts.count("else"):
            self.unexpected("`else`")
        self._depth -= 1
        return " ".join(parts)

    def _joined(self) -> str:
        first = self._sum()
        parts = [first]
        while self._is("~"):
            self._at += 1
            parts.append(self._sum())
        if len(parts) == 1:
            return first
        self.only_reference = False
        return f"_join({', '.join(parts)})"

    def _sum(self) -> str:
        text = self._product()
        while self._is("+", "-"):
            text += f" {self._next().text} {self._product()}"
            self.only_reference = False
        return text

    def _product(self) -> str:
        left = self._power()
        while self._is("*", "/", "//", "%"):
            operator = self._next().text
            right = self._power()
            left = f"_times({left}, {right})" if operator == "*" else f"{left} {operator} {right}"
            self.only_reference = False
        return left

    def _power(self) -> str:
        text = self._unary()
        while self._is("**"):
            self._at += 1
            text += f" ** {self._unary()}"
            self.only_reference = False
        return text

    def _unary(self) -> str:
        if self._is("-"):
            self._at += 1
            self.only_reference = False
            return f"-{self._unary()}"
        return self._filtered(self._value())

    def _value(self) -> str:
        """A literal, a group or a reference, with everything looked up in it."""
        token = self.peek()
        if token.kind == "name" and token.text not in CONSTANTS:
            return self._reference()
        return self._lookups(self._primary(), (), ())

    def _primary(self) -> str:
        self.only_reference = False
        token = self.peek()
        if token.kind in ("number", "text", "name"):
            self._at += 1
            return CONSTANTS.get(token.text, token.text)
        if self._is("("):
            return self._group("(", ")")
        if self._is("["):
            return self._group("[", "]")
        if self._is("{"):
            return self._mapping()
        self.unexpected("a value")
        raise AssertionError

    def _group(self, opener: str, closer: str) -> str:
        self._expect(opener)
        parts: list[str] = []
        while not self._is(closer):
            parts.append(self.loose("," + closer))
            if not self._is(closer):
                self._expect(",")
        self._expect(closer)
        if opener == "(" and len(parts) != 1:
            self._at -= 1
            self.unexpected("one value in ( )")
        self.only_reference = False
        return f"{opener}{', '.join(parts)}{closer}"

    def _mapping(self) -> str:
        self._expect("{")
        parts: list[str] = []
        while not self._is("}"):
            key = self.loose(":,}")
            self._expect(":")
            parts.append(f"{key}: {self.loose(',}')}")
            if not self._is("}"):
                self._expect(",")
        self._expect("}")
        return f"{{{', '.join(parts)}}}"

    def _reference(self) -> str:
        token = self._next()
        if token.text in WORDS:
            self._at -= 1
            self.unexpected("a value")
        if self._is("("):
            return self._call(token)
        first = not self.references and self._at == 1
        self._literal = True
        text = self._lookups(None, (token.text,), (token.offset,))
        self.only_reference = first and self._literal and self.peek().kind == "end"
        return text

    def _call(self, name: Token) -> str:
        if name.text not in FUNCTIONS:
            hint = did_you_mean(name.text, FUNCTIONS) or "Values are changed with filters: `value | upper`."
            raise Fault(f"There is no function `{name.text}`.", name.offset, hint)
        self.only_reference = False
        return f"{name.text}{self._arguments()}"

    def _lookups(self, base: str | None, parts: tuple[Any, ...], offsets: tuple[int, ...]) -> str:
        """`.name` and `[index]` after a value; a slice is left to minijinja."""
        chain = _Chain(base or parts[0], parts, offsets)
        while self._is(".", "["):
            offset = self.peek().offset
            if self._is("."):
                chain.add(*self._attribute())
                continue
            index, literal, slices = self._index()
            if slices:
                self._literal = False
                text = self._finish(chain, False) + index
                return self._lookups(text, (), ())
            chain.add(index, literal, offset)
        if chain.arguments and self._is("("):
            raise Fault("Methods cannot be called.", self.peek().offset, "Use a filter: `value | upper`.")
        return self._finish(chain, self._is_guarded())

    def _finish(self, chain: _Chain, guarded: bool) -> str:
        if chain.lookups:
            parts, offsets = zip(*chain.lookups, strict=True)
            self.references.append(Reference(parts, offsets, guarded))
        self._literal = self._literal and chain.written
        return chain.source(guarded)

    def _attribute(self) -> tuple[str, Any, int]:
        self._expect(".")
        token = self._next()
        if token.kind == "number" and token.text.isdigit():
            return token.text, int(token.text), token.offset
        if token.kind != "name":
            self._at -= 1
            self.unexpected("a name")
        return _quote(token.text), token.text, token.offset

    def _index(self) -> tuple[str, Any, bool]:
        """The source of `[...]`, its value if it is written out, and whether it is a slice (in brackets)."""
        self._expect("[")
        token = self.peek()
        if self._is("]", ahead=1) and token.kind in ("number", "text"):
            self._at += 2
            if token.kind == "number":
                return token.text, int(token.text) if token.text.isdigit() else None, False
            return token.text, _unquote(token.text), False
        begin = "" if self._is(":") else self.loose(":]")
        if not self._is(":"):
            self._expect("]")
            return begin, None, False
        self._at += 1
        end = "" if self._is("]") else self.loose("]")
        self._expect("]")
        return f"[{begin}:{end}]", None, True

    def _is_guarded(self) -> bool:
        if self._is("|"):
            return self._is("default", "d", ahead=1)
        if not self._is("is"):
            return False
        return self._is("defined", "undefined", ahead=2 if self._is("not", ahead=1) else 1)

    def _filtered(self, text: str) -> str:
        while self._is("|", "is"):
            self.only_reference = False
            text += self._filter() if self._next().text == "|" else self._test()
        return text

    def _filter(self) -> str:
        token = self._next()
        if token.kind != "name" or token.text not in FILTERS:
            hint = did_you_mean(token.text, FILTERS, among="There are")
            raise Fault(f"There is no filter `{token.text}`.", token.offset, hint)
        name = token.text
        arguments = self._arguments() if self._is("(") else ""
        if name in ("first", "last") and self._is("|") and self._is("default", "d", ahead=1):
            name += "_or_none"
        return f" | {name}{arguments}"

    def _test(self) -> str:
        negated = self._is("not")
        self._at += negated
        token = self._next()
        if token.kind != "name" or token.text not in TESTS:
            hint = did_you_mean(token.text, TESTS, among="There are")
            raise Fault(f"There is no test `{token.text}`.", token.offset, hint)
        arguments = self._arguments() if self._is("(") else ""
        if not arguments and (self.peek().kind in ("number", "text") or self._is("[")):
            arguments = f"({self._value()})"
        return f" is {'not ' if negated else ''}{token.text}{arguments}"

    def _arguments(self) -> str:
        self._expect("(")
        parts: list[str] = []
        while not self._is(")"):
            prefix = ""
            if self.peek().kind == "name" and self._is("=", ahead=1):
                prefix = f"{self._next().text}="
                self._at += 1
            parts.append(prefix + self.loose(",)"))
            if not self._is(")"):
                self._expect(",")
        self._expect(")")
        return f"({', '.join(parts)})"


def _quote(name: str) -> str:
    return f'"{name}"'


def _unquote(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)
