"""The language of a file, by its name or its first line, and whether it is a test."""

from __future__ import annotations

import re

_BY_EXTENSION = {
    "python": "py pyi pyw pyx",
    "javascript": "js jsx mjs cjs",
    "typescript": "ts mts cts",
    "tsx": "tsx",
    "go": "go",
    "rust": "rs",
    "java": "java",
    "ruby": "rb rake gemspec ru",
    "c": "c h",
    "cpp": "cc cpp cxx hh hpp hxx ipp tpp inl",
    "csharp": "cs csx",
    "php": "php phtml",
    "bash": "sh bash zsh ksh bats",
    "markdown": "md markdown mdx",
    "rst": "rst",
    "kotlin": "kt kts",
    "scala": "scala sc",
    "swift": "swift",
    "lua": "lua",
    "perl": "pl pm t",
    "r": "r",
    "julia": "jl",
    "haskell": "hs lhs",
    "ocaml": "ml mli",
    "elixir": "ex exs",
    "erlang": "erl hrl",
    "clojure": "clj cljs cljc",
    "dart": "dart",
    "zig": "zig",
    "groovy": "groovy gradle",
    "vue": "vue",
    "svelte": "svelte",
    "html": "html htm xhtml",
    "css": "css scss sass less",
    "sql": "sql",
    "graphql": "graphql gql",
    "protobuf": "proto",
    "terraform": "tf tfvars hcl",
    "yaml": "yaml yml",
    "toml": "toml",
    "json": "json jsonc json5",
    "xml": "xml xsd xsl svg csproj props targets",
    "ini": "ini cfg conf properties",
    "text": "txt text adoc asciidoc org log",
    "template": "j2 jinja erb ejs hbs mustache liquid tmpl",
    "powershell": "ps1 psm1",
    "tcl": "tcl",
    "make": "mk mak",
    "cmake": "cmake",
}
_EXTENSIONS = {extension: language for language, all_ in _BY_EXTENSION.items() for extension in all_.split()}
_NAMES = {
    "makefile": "make",
    "gnumakefile": "make",
    "dockerfile": "dockerfile",
    "rakefile": "ruby",
    "gemfile": "ruby",
    "cmakelists.txt": "cmake",
    "jenkinsfile": "groovy",
    "readme": "text",
    "license": "text",
}
_INTERPRETERS = re.compile(r"#!.*\b(python|node|ruby|bash|sh|zsh|php|perl)")
_INTERPRETED = {"node": "javascript", "sh": "bash", "zsh": "bash"}
_TEST = re.compile(
    r"""(?:^|/)(?:tests?|specs?|__tests__|testing|test[-_]?data|testsuite|fixtures|e2e|mocks?|__mocks__|snapshots)(?=/)
    | (?:^|/)(?:test_[^/]*|conftest\.py|[^/]*(?:_test|_spec|_tests|[.-]test|[.-]spec|\.snap)(?:\.[^/]+)?)$
    | (?:^|/)[^/]*(?<=[a-z0-9])(?:Tests?|IT|Spec)\.(?:java|kt|cs|php|scala|groovy)$
    | (?:^|/)[^/]*\.[Tt]ests?(?=/)
    """,
    re.VERBOSE,
)
_GENERATED = re.compile(
    r"""(?:^|/)(?:vendor|third[-_]?party|node_modules|dist|generated)/
    | (?:^|/)(?:package-lock\.json|npm-shrinkwrap\.json|[^/]*\.lock|pnpm-lock\.yaml|go\.sum)$
    | \.(?:min\.(?:js|css)|pb\.go|map|snap)$ | (?:_pb2|_pb2_grpc)\.pyi?$
    """,
    re.VERBOSE,
)


def language_of(path: str, first_line: str = "") -> str | None:
    """The language of a file in lower case, `python`; None if it is not known."""
    name = path.rpartition("/")[2].lower()
    stem, dot, extension = name.rpartition(".")
    found = _NAMES.get(name) or (_EXTENSIONS.get(extension) or _NAMES.get(stem) if dot else None)
    if found is None and (script := _INTERPRETERS.match(first_line[:200])):
        found = _INTERPRETED.get(script[1], script[1])
    return found


def names() -> frozenset[str]:
    """Every language that a file can be said to be in."""
    return frozenset({*_BY_EXTENSION, *_NAMES.values()})


def is_test(path: str) -> bool:
    """Whether a path is that of a test, or of data for one."""
    return _TEST.search(path) is not None


def is_prose(path: str) -> bool:
    """Whether a file is written for people to read."""
    return path.lower().endswith((".md", ".markdown", ".rst", ".txt", ".adoc"))


def is_generated(path: str) -> bool:
    """Whether a path is that of something nobody writes by hand here: vendored, built or locked."""
    return _GENERATED.search(path) is not None
