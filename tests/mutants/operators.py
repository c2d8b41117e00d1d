"""Every mutant of a module: mutmut's operators, and those that it lacks, at every place in the file.

mutmut itself leaves out module level and decorated functions, and so all tables, properties and fields. Annotations,
docstrings, imports, `@final` and `__slots__` are no behaviour, and are left as they are.
"""

import ast
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from difflib import unified_diff

import libcst as cst
import libcst.matchers as m
from libcst.metadata import MetadataWrapper, WhitespaceInclusivePositionProvider
from mutmut.mutation.mutators import mutation_operators

LEFT_ALONE = (cst.Annotation, cst.Import, cst.ImportFrom)
NEGATED = {cst.LessThan: cst.GreaterThanEqual, cst.LessThanEqual: cst.GreaterThan}
NEGATED |= {negation: comparison for comparison, negation in NEGATED.items()}


@dataclass(frozen=True)
class Mutant:
    """A module with one change, in the definition `name`."""

    name: str
    original: str
    source: str

    def key(self) -> str:
        """The change, as it stays the same whatever stands above it in the file."""
        before, after = ([line.strip() for line in code.splitlines()] for code in (self.original, self.source))
        lines = list(unified_diff(before, after, n=0, lineterm=""))[2:]
        return "\n".join([f"@ {self.name}", *(f"{line[0]} {line[1:]}" for line in lines if line[0] in "-+")])

    def is_another(self) -> bool:
        """Is it another program, and not the same one written otherwise?"""
        return ast.dump(ast.parse(self.original)) != ast.dump(ast.parse(self.source))


def mutants(module: str, source: str) -> list[Mutant]:
    """Each mutant of the module once, however many operators make it."""
    tree = MetadataWrapper(cst.parse_module(source), unsafe_skip_copy=True)
    places = tree.resolve(WhitespaceInclusivePositionProvider)
    lines = source.splitlines(keepends=True)
    starts = [sum(map(len, lines[:number])) for number in range(len(lines) + 1)]
    made: dict[str, Mutant] = {}
    for name, node in _nodes(tree.module, module):
        for part, changed in _changes(node):
            if isinstance(part, cst.BaseCompoundStatement):  # whose own code would not be indented
                mutated = tree.module.deep_replace(part, changed).code
            else:
                first, last = (starts[end.line - 1] + end.column for end in (places[part].start, places[part].end))
                mutated = source[:first] + (tree.module.code_for_node(changed) if changed else "") + source[last:]
            made.setdefault(mutated, Mutant(name, source, mutated))
    return list(made.values())


def _nodes(node: cst.CSTNode, name: str) -> Iterator[tuple[str, cst.CSTNode]]:
    """All nodes that may change, each with the name of the definition in which it stands."""
    if isinstance(node, LEFT_ALONE) or _is_docstring(node) or _is_for_checkers(node):
        return
    yield name, node
    if isinstance(node, cst.FunctionDef | cst.ClassDef):
        name = f"{name}.{node.name.value}"
    for child in node.children:
        yield from _nodes(child, name)


def _is_docstring(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.Expr) and isinstance(node.value, cst.BaseString)


def _is_for_checkers(node: cst.CSTNode) -> bool:
    match node:
        case cst.Decorator(decorator=cst.Name("final")) | cst.Subscript(value=cst.Name("Literal")):
            return True
        case cst.Assign(targets=[cst.AssignTarget(target=cst.Name("__slots__"))]):
            return True
        case cst.Assign(value=cst.Call(func=cst.Name("TypeVar"))):
            return True
        case _:
            return False


def _changes(node: cst.CSTNode) -> Iterator[tuple[cst.CSTNode, cst.CSTNode | None]]:
    """The node, or a part of it, and what stands in its place."""
    for kind, operator in mutation_operators:
        if isinstance(node, kind):
            yield from ((node, changed) for changed in operator(node) if not _differs_in_case(node, changed))
    match node:
        case cst.Expr() | cst.Raise() | cst.Assign() | cst.AnnAssign(value=cst.BaseExpression()) | cst.AugAssign():
            yield node, cst.Pass()
        case cst.Return(value=cst.BaseExpression()) if not m.matches(node.value, m.Name("False")):
            yield node.value, cst.Name("None")
        case cst.Decorator():
            yield node, None
        case cst.If() | cst.While() | cst.CompIf() | cst.Assert() | cst.IfExp():
            test = node.test.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
            yield node.test, cst.UnaryOperation(cst.Not(), test)
        case cst.BooleanOperation():
            yield node, node.left
            yield node, node.right
        case cst.ComparisonTarget():
            if type(node.operator) in NEGATED:
                yield node.operator, NEGATED[type(node.operator)]()
                yield node.operator, cst.Equal()
        case cst.Integer():
            yield node, cst.parse_expression(repr(node.evaluated_value - 1))
        case cst.Tuple() | cst.List() | cst.Set() | cst.Dict():
            yield from ((node, node.with_changes(elements=rest)) for rest in _one_left_out(node.elements))
        case cst.ExceptHandler(type=cst.BaseExpression()):
            if not isinstance(node.type, cst.Tuple):  # whose elements are left out by the case above
                yield node.type, cst.Tuple([])
        case cst.Call(func=cst.Attribute(value=cst.Name("re"), attr=cst.Name("compile"))):
            yield from ((node.args[0].value, shorter) for shorter in _shorter(node.args[0].value))


def _differs_in_case(node: cst.CSTNode, changed: cst.CSTNode) -> bool:
    # One change of a text is enough: XX on either side of it.
    return isinstance(node, cst.SimpleString) and node.value.lower() == changed.value.lower()


def _one_left_out(elements: Iterable[cst.CSTNode]) -> Iterator[list[cst.CSTNode]]:
    elements = list(elements)
    for index in range(len(elements)):
        yield elements[:index] + elements[index + 1 :]


def _shorter(pattern: cst.BaseExpression) -> Iterator[cst.CSTNode]:
    """The regular expression without one of its characters, each in turn."""
    code = cst.Module([]).code_for_node(pattern)
    for index in range(len(code)):
        with suppress(cst.ParserSyntaxError):
            yield cst.parse_expression(code[:index] + code[index + 1 :])
