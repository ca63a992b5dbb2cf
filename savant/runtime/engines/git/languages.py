"""What definitions look like in languages that are read by their shape."""

from __future__ import annotations

import re
from typing import NamedTuple


class Language(NamedTuple):
    """What blanks out strings and comments, and the patterns (kind, expression with `name`) of definitions."""

    noise: re.Pattern[str]
    definitions: tuple[tuple[str, re.Pattern[str]], ...]
    ends: str = "brace"


NOT_NAMES = frozenset(
    {"if", "for", "while", "switch", "catch", "return", "else", "do", "try", "function", "throw", "await"}
    | {"typeof", "sizeof", "defined", "unless"}
)
_C_COMMENT = r"//[^\n]*|/\*[\s\S]*?\*/"
_STRING = r'"(?:\\[\s\S]|[^"\\\n])*"'
_CHARACTER = r"'(?:\\[^\n][^'\n]{0,8}|[^'\\\n])'"
_QUOTED = r"'(?:\\[\s\S]|[^'\\\n])*'"
_BACKTICKS = r"`(?:\\[\s\S]|[^`\\])*`"


def _noise(*parts: str) -> re.Pattern[str]:
    return re.compile("|".join(parts))


def _patterns(**kinds: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((kind.rstrip("_"), re.compile(pattern, re.MULTILINE)) for kind, pattern in kinds.items())


_JAVASCRIPT = Language(
    _noise(_C_COMMENT, _STRING, _QUOTED, _BACKTICKS),
    _patterns(
        class_=r"^[ \t]*(?:export\s+)?(?:default\s+)?(?:declare\s+)?(?:abstract\s+)?class\s+(?P<name>[\w$]+)",
        interface=r"^[ \t]*(?:export\s+)?(?:declare\s+)?(?:interface|enum|namespace)\s+(?P<name>[\w$]+)",
        function=r"^[ \t]*(?:export\s+)?(?:default\s+)?(?:async\s+)?function\s*\*?\s*(?P<name>[\w$]+)",
        function_=r"^[ \t]*(?:export\s+)?(?:(?:const|let|var|static|public|private|protected|readonly)\s+)+"
        r"(?P<name>[\w$]+)\s*(?::[^=\n]+)?="
        r"\s*(?:async\s*)?"
        r"(?:function\b|(?:\([^;{}]{0,2000}?\)|[\w$]+)\s*(?::\s*[^=\n]{1,200}?)?=>)",
        function__=r"^[ \t]+(?:(?:public|private|protected|static|async|override|readonly|get|set)\s+)*\*?"
        r"(?P<name>#?[\w$]+)\s*(?:<[^>\n]*>)?\((?=[^;]{0,2000}?\)[^;(){}=]{0,500}\{)",
    ),
)
_GO = Language(
    _noise(_C_COMMENT, _STRING, _CHARACTER, r"`[^`]*`"),
    _patterns(
        function=r"^func\s+(?P<name>\w+)",
        method=r"^func\s+\((?:\w+\s+)?\*?(?P<owner>\w+)[^)\n]*\)\s*(?P<name>\w+)",
        type=r"^type\s+(?P<name>\w+)[^\n{]*(?=\{)",
    ),
)
_RUST = Language(
    _noise(_C_COMMENT, r'b?r(#*)"[\s\S]*?"\1', r'"(?:\\[\s\S]|[^"\\])*"', _CHARACTER),
    _patterns(
        function=r"^[ \t]*(?:pub(?:\([^)]*\))?\s+)?(?:(?:const|async|unsafe|extern(?:\s+\"[^\"]*\")?)\s+)*"
        r"fn\s+(?P<name>\w+)",
        type=r"^[ \t]*(?:pub(?:\([^)]*\))?\s+)?(?:unsafe\s+)?(?:struct|enum|trait|union|mod)\s+(?P<name>\w+)",
        impl=r"^[ \t]*(?:unsafe\s+)?impl\b(?:<[^{;]*?>)?\s+(?:[\w:<>, '&]+?\s+for\s+)?(?P<name>\w+)",
    ),
)
_TYPE = r"(?:class|interface|enum|record|struct|union|namespace|trait)"
_JAVA = Language(
    _noise(_C_COMMENT, r'"""[\s\S]*?"""', _STRING, _CHARACTER),
    _patterns(
        class_=rf"^[ \t]*(?:[\w@]+\s+)*?{_TYPE}\s+(?P<name>\w+)",
        function=r"^[ \t]+(?!(?:return|new|else|throw|case)\b)(?:[\w@]+[ \t]+)*"
        r"(?:[\w<>\[\], .?&]+\s+)?(?P<name>\w+)\s*\((?=[^;{}]{0,2000}\)[^;{}()]{0,500}\{)",
    ),
)
_C = Language(
    _noise(_C_COMMENT, _STRING, _CHARACTER, r"^[ \t]*#(?:[^\n\\]|\\[\s\S])*"),
    _patterns(
        class_=rf"^[ \t]*(?:template\s*<[^;{{}}]*>\s*)?(?:typedef\s+)?{_TYPE}\s+(?:class\s+)?"
        r"(?P<name>\w+)(?=[^;(){}]*\{)",
        function=r"^(?:[A-Za-z_][\w:<>,*&~ \t]*?[\s*&])?(?P<name>[\w:~]+)\s*\((?=[^;{}]{0,2000}\)[^;{}()]{0,500}\{)",
        function_=r"^[ \t]+(?!(?:return|new|else|throw|case)\b)"
        r"(?:[A-Za-z_][\w:<>,*&~ \t]*[ \t*&])?(?P<name>~?\w+)\s*\((?=[^;{}]{0,2000}\)[ \t\w]{0,200}\{)",
    ),
)
_PHP = Language(
    _noise(_C_COMMENT, r"#(?!\[)[^\n]*", r'"(?:\\[\s\S]|[^"\\])*"', r"'(?:\\[\s\S]|[^'\\])*'"),
    _patterns(
        class_=rf"^[ \t]*(?:(?:abstract|final|readonly)\s+)*{_TYPE}\s+(?P<name>\w+)",
        function=r"^[ \t]*(?:(?:public|private|protected|static|abstract|final)\s+)*function\s+&?\s*(?P<name>\w+)",
    ),
)
_RUBY = Language(
    _noise(r"^=begin[\s\S]*?^=end", r"#[^\n{][^\n]*", _STRING, _QUOTED),
    _patterns(
        class_=r"^[ \t]*(?:class|module)\s+(?P<name>[A-Z][\w:]*)",
        function=r"^[ \t]*def\s+(?:self\.)?(?P<name>[\w]+[?!=]?)(?![^\n]*\)\s*=[^=])",
    ),
    ends="end",
)
_SHELL = Language(
    _noise(r"(?:^|(?<=\s))#[^\n]*", r"'[^']*'", r'"(?:\\[\s\S]|[^"\\])*"', r"\$\{[^}\n]*\}"),
    _patterns(
        function=r"^[ \t]*(?:function\s+)?(?P<name>[\w.:-]+)\s*\(\)\s*(?=\{)",
        function_=r"^[ \t]*function\s+(?P<name>[\w.:-]+)\s*(?=\{)",
    ),
)
LANGUAGES = {
    **dict.fromkeys(("js", "jsx", "mjs", "cjs", "ts", "tsx", "mts", "cts"), _JAVASCRIPT),
    "go": _GO,
    "rs": _RUST,
    **dict.fromkeys(("java", "cs", "kt", "scala"), _JAVA),
    **dict.fromkeys(("c", "h", "cc", "cpp", "cxx", "hh", "hpp", "hxx"), _C),
    "php": _PHP,
    "rb": _RUBY,
    **dict.fromkeys(("sh", "bash"), _SHELL),
}
