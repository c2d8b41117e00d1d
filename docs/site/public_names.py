"""Sphinx extension that shows public names as users write them.

Annotations use the names of type aliases, defaults read as in source code, and constants have the docstring of the
module that defines them.
"""

import re
from collections.abc import Iterator
from functools import reduce
from inspect import isclass, isfunction
from operator import or_
from pkgutil import walk_packages
from types import UnionType
from typing import Any, ClassVar, Final, Literal, TypeVar, get_args, get_origin

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.pycode import ModuleAnalyzer

import spongewatch
from spongewatch import adapters, transports
from spongewatch.transports import testing

_PACKAGES: Final = (spongewatch, transports, testing, adapters)


def _named(module: str, name: str) -> Any:
    """Return a stand-in that is rendered as this name and links to it."""
    return type(name, (), {"__module__": module})


_ALIASES: Final = (
    *((getattr(spongewatch, n), _named("spongewatch", n)) for n in ("Action", "Emitted", "Outcome")),
    (transports.Observer, _named("spongewatch.transports", "Observer")),
)
"""Types, each with the alias that replaces it."""


def setup(app: Sphinx) -> None:
    """Register with Sphinx."""
    for function_or_class in _annotated():
        annotations = function_or_class.__annotations__
        annotations.update({name: _short(annotation) for name, annotation in annotations.items()})
    app.connect("autodoc-process-signature", _format_defaults)
    app.connect("autodoc-process-docstring", _add_constant_docstring)
    app.connect("missing-reference", _resolve_public_name)


def _annotated() -> Iterator[Any]:
    """Yield public functions and classes, and the methods of these classes."""
    for package in _PACKAGES:
        for item in (getattr(package, name) for name in package.__all__):
            if isfunction(item) or (isclass(item) and "__annotations__" in vars(item)):
                yield item
            for member in vars(item).values() if isclass(item) else ():
                function = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
                if isfunction(function):
                    yield function


def _short(annotation: Any) -> Any:
    """Replace types by their aliases in an annotation."""
    parts = get_args(annotation)
    for meaning, alias in _ALIASES:
        if annotation == meaning:
            return alias
        if isinstance(annotation, UnionType) and isinstance(meaning, UnionType) and {*get_args(meaning)} < {*parts}:
            return reduce(or_, [alias, *(_short(part) for part in parts if part not in get_args(meaning))])
    if isinstance(annotation, TypeVar):
        return annotation.__bound__ or annotation
    if isinstance(annotation, list):  # the parameters of a Callable
        return [*map(_short, annotation)]
    if isinstance(annotation, UnionType):
        return reduce(or_, map(_short, parts))
    if not parts or get_origin(annotation) in (ClassVar, Literal):
        return annotation
    first, *others = map(_short, parts)
    return get_origin(annotation)[(first, *others) if others else first]


def _format_defaults(app: Sphinx, what: str, name: str, item: object, options: object, args: str, result: str) -> Any:
    return args and re.sub(r"<built-in function (\w+)>", r"\1", args.replace("<factory>", "{}")), result


def _add_constant_docstring(app: Sphinx, what: str, name: str, item: object, options: object, lines: list[str]) -> None:
    """Use the docstring below a constant in its own module, where autodoc doesn't look."""
    if what == "data":
        for module in walk_packages(spongewatch.__path__, "spongewatch."):
            docstring = ModuleAnalyzer.for_module(module.name).find_attr_docs().get(("", name.rpartition(".")[2]))
            if docstring:
                lines[:] = docstring


def _resolve_public_name(app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.TextElement) -> Any:
    """Resolve a bare public name, whichever package exports it."""
    for package in _PACKAGES:
        name = node["reftarget"]
        if name.split(".")[0] in package.__all__ and name[0].isupper():
            target = (env, node["refdoc"], app.builder, "obj", f"{package.__name__}.{name}", node, content)
            return env.domains.python_domain.resolve_xref(*target)
    return None
