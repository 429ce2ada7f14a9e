"""
botocore's service models: routes, shapes, errors.

The models are read with a bare loader and never through a botocore session: no configuration file,
profile or credential of the user is looked at.
"""

from __future__ import annotations

import re

from functools import cache
from typing import Any, NamedTuple
from urllib.parse import unquote

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel


# JSON objects as AWS's APIs speak them: keys and depth are given by the service model, not by
# Python types.
Params = dict[str, Any]


class Route(NamedTuple):
    """
    The operation that a method and path belong to, with the values of the path's placeholders.
    """

    operation: OperationModel
    uri_parameters: dict[str, str]


@cache
def service_model(name: str) -> ServiceModel:
    """
    The installed botocore's model of the service `name`, loaded once per process.
    """
    return ServiceModel(Loader().load_service_model(name, "service-2"), name)


@cache
def partition_of(region_name: str) -> str:
    """
    The ARN partition of a region: `aws` unless botocore's partition table says otherwise.
    """
    for partition in Loader().load_data("partitions")["partitions"]:
        if region_name in partition["regions"] or re.fullmatch(
            partition["regionRegex"].strip("^$"), region_name
        ):
            return str(partition["id"])
    return "aws"


def error_status(operation: OperationModel, code: str) -> int:
    """
    The HTTP status of an error code of this operation; 400 where it is not modelled.
    """
    for shape in operation.error_shapes:
        details = shape.metadata.get("error", {})
        if code in (shape.name, details.get("code")):
            return int(details.get("httpStatusCode", 400))
    return 400


class Router:
    """
    Finds the operation of a REST request by the model's `requestUri` templates.
    """

    def __init__(self, model: ServiceModel) -> None:
        self._static: dict[tuple[str, str], OperationModel] = {}
        self._patterns: list[tuple[str, re.Pattern[str], OperationModel]] = []
        self._paths: list[re.Pattern[str]] = []
        for name in model.operation_names:
            operation = model.operation_model(name)
            method = str(operation.http["method"])
            template = str(operation.http["requestUri"]).split("?")[0].rstrip("/")
            pattern = _compile(template)
            self._paths.append(pattern)
            if "{" in template:
                self._patterns.append((method, pattern, operation))
            else:
                self._static[method, template] = operation

    def find(self, method: str, path: str) -> Route | None:
        """
        The route of `method` and `path` (percent-encoded, without the query), or `None`.
        """
        path = path.rstrip("/")
        operation = self._static.get((method, path))
        if operation is not None:
            return Route(operation, {})
        for candidate, pattern, operation in self._patterns:
            match = pattern.fullmatch(path) if candidate == method else None
            if match:
                return Route(operation, {k: unquote(v) for k, v in match.groupdict().items()})
        return None

    def knows_path(self, path: str) -> bool:
        """
        Whether some operation lives at `path`, whatever its method.
        """
        return any(pattern.fullmatch(path.rstrip("/")) for pattern in self._paths)


def _compile(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)(\+?)\}", template)
    pattern = re.escape(parts[0])
    for name, greedy, literal in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        pattern += f"(?P<{name}>{'.+' if greedy else '[^/]+'})" + re.escape(literal)
    return re.compile(pattern)
