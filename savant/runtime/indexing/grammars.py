"""What a definition is in each language that has a tree-sitter grammar; grammars are loaded when first needed."""

from __future__ import annotations

import functools
import importlib
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tree_sitter import Parser, Query

# A capture's name is the kind of definition; what is inside of the kinds in CONTAINERS is defined on its own.
CONTAINERS = frozenset({"class", "module", "interface", "trait", "impl"})

_ECMASCRIPT = """
(function_declaration name: (_) @name) @function
(generator_function_declaration name: (_) @name) @function
(class_declaration name: (_) @name) @class
(method_definition name: (_) @name) @method
(variable_declarator name: (identifier) @name value: [(arrow_function) (function_expression) (class)]) @function
(assignment_expression left: [(member_expression) (identifier)] @name
  right: [(arrow_function) (function_expression) (class)]) @function
"""
_TYPESCRIPT = (
    _ECMASCRIPT
    + """
(abstract_class_declaration name: (_) @name) @class
(interface_declaration name: (_) @name) @interface
(type_alias_declaration name: (_) @name) @type
(enum_declaration name: (_) @name) @type
(internal_module name: (_) @name) @module
(public_field_definition name: (_) @name value: (arrow_function)) @method
"""
)
_C = """
(function_definition declarator: (_) @name) @function
(struct_specifier name: (_) @name body: (_)) @type
(union_specifier name: (_) @name body: (_)) @type
(enum_specifier name: (_) @name body: (_)) @type
(preproc_function_def name: (_) @name) @macro
"""


class Grammar(NamedTuple):
    """The module and function of a grammar's package, and the query that finds definitions and their names.

    `depth`, if not 0, is how deep below the root they can begin: what is deeper is not looked at.
    """

    module: str
    function: str
    query: str
    depth: int = 0


GRAMMARS = {
    "python": Grammar(
        "tree_sitter_python",
        "language",
        "(function_definition name: (_) @name) @function (class_definition name: (_) @name) @class",
    ),
    "javascript": Grammar("tree_sitter_javascript", "language", _ECMASCRIPT),
    "typescript": Grammar("tree_sitter_typescript", "language_typescript", _TYPESCRIPT),
    "tsx": Grammar("tree_sitter_typescript", "language_tsx", _TYPESCRIPT),
    "go": Grammar(
        "tree_sitter_go",
        "language",
        """
        (function_declaration name: (_) @name) @function
        (method_declaration receiver: (_) @owner name: (_) @name) @method
        (type_declaration (type_spec name: (_) @name)) @type
        """,
        depth=4,
    ),
    "rust": Grammar(
        "tree_sitter_rust",
        "language",
        """
        (function_item name: (_) @name) @function
        (struct_item name: (_) @name) @type
        (enum_item name: (_) @name) @type
        (union_item name: (_) @name) @type
        (trait_item name: (_) @name) @trait
        (impl_item type: (_) @name) @impl
        (mod_item name: (_) @name body: (_)) @module
        (macro_definition name: (_) @name) @macro
        """,
    ),
    "java": Grammar(
        "tree_sitter_java",
        "language",
        """
        (class_declaration name: (_) @name) @class
        (interface_declaration name: (_) @name) @interface
        (annotation_type_declaration name: (_) @name) @interface
        (enum_declaration name: (_) @name) @class
        (record_declaration name: (_) @name) @class
        (method_declaration name: (_) @name) @method
        (constructor_declaration name: (_) @name) @method
        """,
    ),
    "ruby": Grammar(
        "tree_sitter_ruby",
        "language",
        """
        (module name: (_) @name) @module
        (class name: (_) @name) @class
        (method name: (_) @name) @method
        (singleton_method name: (_) @name) @method
        """,
    ),
    "c": Grammar("tree_sitter_c", "language", _C),
    "cpp": Grammar(
        "tree_sitter_cpp",
        "language",
        _C.replace("(struct_specifier name: (_) @name body: (_)) @type", "")
        + """
        (struct_specifier name: (_) @name body: (_)) @class
        (class_specifier name: (_) @name body: (_)) @class
        (namespace_definition name: (_) @name body: (_)) @module
        """,
    ),
    "csharp": Grammar(
        "tree_sitter_c_sharp",
        "language",
        """
        (namespace_declaration name: (_) @name) @module
        (class_declaration name: (_) @name) @class
        (struct_declaration name: (_) @name) @class
        (record_declaration name: (_) @name) @class
        (interface_declaration name: (_) @name) @interface
        (enum_declaration name: (_) @name) @type
        (method_declaration name: (_) @name) @method
        (constructor_declaration name: (_) @name) @method
        (property_declaration name: (_) @name) @method
        """,
    ),
    "php": Grammar(
        "tree_sitter_php",
        "language_php",
        """
        (class_declaration name: (_) @name) @class
        (interface_declaration name: (_) @name) @interface
        (trait_declaration name: (_) @name) @trait
        (enum_declaration name: (_) @name) @class
        (function_definition name: (_) @name) @function
        (method_declaration name: (_) @name) @method
        """,
    ),
    "bash": Grammar("tree_sitter_bash", "language", "(function_definition name: (_) @name) @function"),
}
# A definition begins where what is wrapped around it begins.
WRAPPERS = frozenset(
    {"decorated_definition", "export_statement", "template_declaration", "lexical_declaration", "variable_declaration"}
    | {"expression_statement", "type_definition", "ambient_declaration"}
)
COMMENTS = frozenset({"comment", "line_comment", "block_comment", "attribute_item", "attribute_list"})


@functools.cache
def load(language: str) -> tuple[Parser, Query, int] | None:
    """The parser of a language, its query and its depth; None where its grammar is missing or of another ABI."""
    grammar = GRAMMARS.get(language)
    if grammar is None:
        return None
    try:
        from tree_sitter import Language, Parser, Query

        pointer = getattr(importlib.import_module(grammar.module), grammar.function)()
        loaded = Language(pointer)  # pyright: ignore[reportDeprecated]  (the grammars' packages give nothing else)
    except (ImportError, ValueError):
        return None
    return Parser(loaded), Query(loaded, grammar.query), grammar.depth


def missing() -> list[str]:
    """The languages whose grammar cannot be loaded, so that their files are cut by lines."""
    return [language for language in GRAMMARS if load(language) is None]
