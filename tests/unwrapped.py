"""Finds words for people in the code that no catalogue knows. Pure."""

import ast
import re
from collections.abc import Iterator

from bot import errors

_LOOK_UPS = frozenset({"gettext", "ngettext", "pgettext", "N_"})
# What these get is for logs, for the host, or no words; or, of commands, taken from the tree.
_NOT_SHOWN = frozenset(
    {
        *("debug", "info", "warning", "error", "exception", "log"),
        *("compile", "getLogger", "command", "describe", "get", "getattr", "strptime", "strftime"),
    }
)
_MEMBER_ERRORS = frozenset(
    name
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, errors.MemberError)
)
# By these keywords a component takes words, be they a single one.
_WORD_KEYWORDS = frozenset({"label", "placeholder", "title", "hint", "content"})
_SHOWING = frozenset({"TextDisplay", "button", *_MEMBER_ERRORS})
# Words of a text: of what a format leaves, and not of what Discord or a browser reads.
_NO_WORDS = re.compile(r"https?://\S*|<[^>]*>|`[^`]*`|\{\}")
_WORD = re.compile(r"[^\W\d_]{2,}")
_PROSE = re.compile(r"[^\W\d_]{2,}[,;:.]? [^\W\d_]{2,}|[^\W\d_]{2,} \{\}|\{\} [^\W\d_]{2,}")


def unwrapped(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and text of every literal that people would read in English for ever.

    Any prose counts (two words in a row, or a word beside a value), and any word that is given
    to what shows it.
    """
    yield from _within(ast.parse(source), shown=False)


def _within(node: ast.AST, *, shown: bool) -> Iterator[tuple[int, str]]:
    if isinstance(node, ast.JoinedStr | ast.Constant):
        yield from _of_literal(node, shown=shown)
    elif isinstance(node, ast.Call) and _name(node.func) in _LOOK_UPS:
        # Extraction knows only what is given as it is.
        yield from ((at.lineno, str(at.value)) for arg in node.args for at in _chosen(arg))
    elif not isinstance(node, ast.Call) or not _is_for_nobody(node):
        for child in _children(node):
            yield from _within(child, shown=_is_shown(node, child))


def _of_literal(node: ast.JoinedStr | ast.Constant, *, shown: bool) -> Iterator[tuple[int, str]]:
    text = _text_of(node)
    bare = _NO_WORDS.sub(" ", text) if shown else _NO_WORDS.sub("", text.replace("{}", "\0"))
    if (_WORD if shown else _PROSE).search(bare.replace("\0", "{}")):
        yield node.lineno, text
    if isinstance(node, ast.JoinedStr):
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                yield from _within(part.value, shown=False)


def _chosen(node: ast.AST) -> Iterator[ast.Constant]:
    """Yield the literals of which an expression chooses one."""
    branches: list[ast.expr] = []
    if isinstance(node, ast.IfExp):
        branches = [node.body, node.orelse]
    elif isinstance(node, ast.BoolOp):
        branches = node.values
    for branch in branches:
        if isinstance(branch, ast.Constant):
            yield branch
        yield from _chosen(branch)


def _text_of(node: ast.JoinedStr | ast.Constant) -> str:
    """Return the text, with each value in it as empty braces."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    parts = (_text_of(part) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return "".join(parts)


def _is_for_nobody(call: ast.Call) -> bool:
    """Tell whether what a call gets is no words for members, or looked up by the translator."""
    name = _name(call.func)
    other_error = name.endswith(("Error", "Exception")) and name not in _MEMBER_ERRORS
    makes_command = {"name", "description"} <= {keyword.arg for keyword in call.keywords}
    return name in _NOT_SHOWN or other_error or makes_command


def _children(node: ast.AST) -> Iterator[ast.AST]:
    """Give what may hold texts: neither docstrings nor types nor the tables of the compiler."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "keywords") and not isinstance(
            node, ast.Call
        ):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not _is_docstring(child):
                yield child


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_shown(node: ast.AST, child: ast.AST) -> bool:
    if isinstance(node, ast.keyword):
        return node.arg in _WORD_KEYWORDS
    if isinstance(node, ast.Call) and node.args and child is node.args[0]:
        return _name(node.func) in _SHOWING
    return False


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""
