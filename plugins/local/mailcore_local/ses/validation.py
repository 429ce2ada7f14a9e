"""
Requests held against the service model: botocore's own checks, and those that it leaves out.
"""

from __future__ import annotations

import re

from collections.abc import Iterator
from typing import Any

from botocore.model import ListShape, MapShape, OperationModel, Shape, StringShape, StructureShape
from botocore.validate import ParamValidator

from mailcore_local.ses.errors import ServiceError
from mailcore_local.ses.model import Params


def validate(operation: OperationModel, params: Params, *, code: str) -> None:
    """
    Check `params` against the input shape of `operation`.

    botocore's `ParamValidator` checks required and unknown members, types and lower bounds; it
    leaves upper bounds, patterns and enumerations to the service, so they are checked here.

    Raises:
        ServiceError: With `code`, naming every problem at once.
    """
    shape = operation.input_shape
    if shape is None:
        return
    report = ParamValidator().validate(params, shape)
    if report.has_errors():
        raise ServiceError(code, " ".join(report.generate_report().splitlines()))
    problems = list(_constraints(params, shape, ""))
    if problems:
        count = f"{len(problems)} validation error{'s' if len(problems) > 1 else ''} detected"
        raise ServiceError(code, f"{count}: {'; '.join(problems)}")


def _constraints(value: Any, shape: Shape, path: str) -> Iterator[str]:
    if isinstance(shape, StructureShape):
        for name, item in value.items():
            yield from _constraints(item, shape.members[name], f"{path}.{name}" if path else name)
        return
    if isinstance(shape, ListShape):
        yield from _upper_bound(len(value), shape, path, "length")
        for index, item in enumerate(value):
            yield from _constraints(item, shape.member, f"{path}[{index}]")
        return
    if isinstance(shape, MapShape):
        for key, item in value.items():
            yield from _constraints(key, shape.key, f"{path} key")
            yield from _constraints(item, shape.value, f"{path}.{key}")
        return
    if shape.type_name in ("string", "blob"):
        yield from _upper_bound(len(value), shape, path, "length")
    elif shape.type_name in ("integer", "long", "float", "double"):
        yield from _upper_bound(value, shape, path, "value")
    if isinstance(shape, StringShape):
        yield from _spelling(value, shape, path)


def _upper_bound(size: float, shape: Shape, path: str, what: str) -> Iterator[str]:
    maximum = shape.metadata.get("max")
    if maximum is not None and size > maximum:
        yield f"{path} must have {what} less than or equal to {maximum}"


def _spelling(value: str, shape: StringShape, path: str) -> Iterator[str]:
    if shape.enum and value not in shape.enum:
        allowed = ", ".join(shape.enum)
        yield f"{path} must be one of [{allowed}]"
    pattern = shape.metadata.get("pattern")
    # The model writes some patterns without anchors (`[ -~]*`) that mean the whole value.
    if pattern is not None and not re.fullmatch(pattern, value):
        yield f"{path} must match {pattern}"
