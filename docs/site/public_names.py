"""For Sphinx: the public names as their users read them.

A type that has a name of its own is shown by it, a default as one would type it, and a constant with what is said of
it where it is defined.
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
    """Something that is shown by this name, and leads to it."""
    return type(name, (), {"__module__": module})


_ALIASES: Final = (
    *((getattr(spongewatch, n), _named("spongewatch", n)) for n in ("Action", "Emitted", "Outcome")),
    (transports.Observer, _named("spongewatch.transports", "Observer")),
)
"""What an alias stands for, and what stands for the alias."""


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    for function_or_class in _annotated():
        annotations = function_or_class.__annotations__
        annotations.update({name: _short(annotation) for name, annotation in annotations.items()})
    app.connect("autodoc-process-signature", _tell_defaults)
    app.connect("autodoc-process-docstring", _tell_constant)
    app.connect("missing-reference", _in_another_package)


def _annotated() -> Iterator[Any]:
    """The public functions and classes, and the functions in these classes."""
    for package in _PACKAGES:
        for item in (getattr(package, name) for name in package.__all__):
            if isfunction(item) or (isclass(item) and "__annotations__" in vars(item)):
                yield item
            for member in vars(item).values() if isclass(item) else ():
                function = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
                if isfunction(function):
                    yield function


def _short(annotation: Any) -> Any:
    """The annotation, in which an alias stands where its meaning stood."""
    parts = get_args(annotation)
    for meaning, alias in _ALIASES:
        if annotation == meaning:
            return alias
        if isinstance(annotation, UnionType) and isinstance(meaning, UnionType) and {*get_args(meaning)} < {*parts}:
            return reduce(or_, [alias, *(_short(part) for part in parts if part not in get_args(meaning))])
    if isinstance(annotation, TypeVar):
        return annotation.__bound__ or annotation
    if isinstance(annotation, list):  # of the arguments of a function
        return [*map(_short, annotation)]
    if isinstance(annotation, UnionType):
        return reduce(or_, map(_short, parts))
    if not parts or get_origin(annotation) in (ClassVar, Literal):
        return annotation
    first, *others = map(_short, parts)
    return get_origin(annotation)[(first, *others) if others else first]


def _tell_defaults(app: Sphinx, what: str, name: str, item: object, options: object, told: str, gives: str) -> Any:
    return told and re.sub(r"<built-in function (\w+)>", r"\1", told.replace("<factory>", "{}")), gives


def _tell_constant(app: Sphinx, what: str, name: str, item: object, options: object, lines: list[str]) -> None:
    """What stands below a constant in the module that defines it, where autodoc does not look."""
    if what == "data":
        for module in walk_packages(spongewatch.__path__, "spongewatch."):
            told = ModuleAnalyzer.for_module(module.name).find_attr_docs().get(("", name.rpartition(".")[2]))
            if told:
                lines[:] = told


def _in_another_package(app: Sphinx, env: BuildEnvironment, node: pending_xref, shown: nodes.TextElement) -> Any:
    """What a docstring calls by its bare name leads there, though it is public in another package."""
    for package in _PACKAGES:
        name = node["reftarget"]
        if name.split(".")[0] in package.__all__ and name[0].isupper():
            found = (env, node["refdoc"], app.builder, "obj", f"{package.__name__}.{name}", node, shown)
            return env.domains.python_domain.resolve_xref(*found)
    return None
