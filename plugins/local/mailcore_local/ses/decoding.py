"""
Wire formats to parameters, by the service model: REST-JSON for SES, AWS query for SNS.
"""

from __future__ import annotations

import base64
import binascii
import json
import math

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any
from urllib.parse import parse_qs, parse_qsl

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape
from botocore.utils import parse_timestamp

from mailcore_local.ses.errors import ServiceError
from mailcore_local.ses.model import Params, Route


def form_fields(text: str) -> dict[str, str]:
    """
    The fields of a query string or a form.

    Raises:
        ServiceError: `MalformedQueryString`.
    """
    try:
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=1000))
    except ValueError:
        raise ServiceError("MalformedQueryString", "The query string is malformed.") from None


def decode_rest_json(route: Route, query: str, body: bytes) -> Params:
    """
    The parameters of a REST-JSON request.

    Args:
        route: The operation and the values of its path placeholders.
        query: The query string, without `?`.
        body: The request body; empty is the same as `{}`.

    Returns:
        Parameters as a boto3 user writes them: blobs as bytes, timestamps as aware datetimes. JSON
        nulls are left out, as AWS does. Unknown members stay, for the validation to name.

    Raises:
        ServiceError: `SerializationException` when body or query do not fit the model.
    """
    shape = route.operation.input_shape
    if shape is None:
        return {}
    assert isinstance(shape, StructureShape)
    document = _json_object(body)
    located = {
        name: member
        for name, member in shape.members.items()
        if member.serialization.get("location") in ("uri", "querystring")
    }
    params = _structure(
        {name: value for name, value in document.items() if name not in located}, shape, ""
    )
    values = parse_qs(query, keep_blank_values=True)
    for name, member in located.items():
        wire_name = str(member.serialization.get("name", name))
        if member.serialization["location"] == "uri":
            params[name] = route.uri_parameters[wire_name]
        elif wire_name in values:
            params[name] = _from_query(values[wire_name], member, name)
    return params


def decode_query(operation: OperationModel, form: Mapping[str, str]) -> Params:
    """
    The parameters of an AWS query request (`Attributes.entry.1.key=…`) from its form fields.

    Raises:
        ServiceError: `SerializationException` when a value does not fit the model.
    """
    shape = operation.input_shape
    if shape is None:
        return {}
    tree: Params = {}
    for name, value in form.items():
        if name in ("Action", "Version"):
            continue
        node = tree
        *parents, leaf = name.split(".")
        for part in parents:
            child = node.setdefault(part, {})
            if not isinstance(child, dict):
                raise _unserializable(name, "a value")
            node = child
        node[leaf] = value
    decoded = _query_value(tree, shape, "")
    assert isinstance(decoded, dict)
    return decoded


def _json_object(body: bytes) -> Params:
    if not body.strip():
        return {}
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise ServiceError(
            "SerializationException", "The request body is not valid JSON."
        ) from None
    if not isinstance(document, dict):
        raise ServiceError("SerializationException", "The request body is not a JSON object.")
    return document


def _unserializable(path: str, expected: str) -> ServiceError:
    return ServiceError("SerializationException", f"{path or 'input'} is not {expected}.")


def _structure(value: object, shape: StructureShape, path: str) -> Params:
    if not isinstance(value, dict):
        raise _unserializable(path, "a structure")
    decoded: Params = {}
    for name, item in value.items():
        if item is None:
            continue
        member = shape.members.get(name)
        inner = f"{path}.{name}" if path else name
        decoded[name] = item if member is None else _value(item, member, inner)
    return decoded


def _value(value: Any, shape: Shape, path: str) -> Any:
    if isinstance(shape, StructureShape):
        return _structure(value, shape, path)
    if isinstance(shape, ListShape):
        if not isinstance(value, list):
            raise _unserializable(path, "a list")
        return [_value(item, shape.member, f"{path}[{i}]") for i, item in enumerate(value)]
    if isinstance(shape, MapShape):
        if not isinstance(value, dict):
            raise _unserializable(path, "a map")
        return {key: _value(item, shape.value, f"{path}.{key}") for key, item in value.items()}
    return _scalar(value, shape.type_name, path)


def _scalar(value: Any, type_name: str, path: str) -> Any:
    if type_name == "blob":
        if not isinstance(value, str):
            raise _unserializable(path, "a base64 string")
        try:
            return base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            raise _unserializable(path, "valid base64") from None
    if type_name == "timestamp":
        return _timestamp(value, path)
    if type_name == "string" and not (isinstance(value, str) and _is_unicode(value)):
        raise _unserializable(path, "a string")
    if type_name == "boolean" and not isinstance(value, bool):
        raise _unserializable(path, "a boolean")
    if type_name in ("integer", "long") and (not isinstance(value, int) or isinstance(value, bool)):
        raise _unserializable(path, "an integer")
    if type_name in ("float", "double"):
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            raise _unserializable(path, "a number")
        return float(value)
    return value


def _is_unicode(value: str) -> bool:
    # JSON can spell lone surrogates, which no encoding can carry on.
    return not any("\ud800" <= character <= "\udfff" for character in value)


def _timestamp(value: object, path: str) -> datetime:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise _unserializable(path, "a timestamp")
    try:
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError
        # botocore takes numbers as well as text; its stubs know only text.
        moment = parse_timestamp(value)  # type: ignore[arg-type]
    except (ValueError, OverflowError, OSError, RuntimeError):
        raise _unserializable(path, "a timestamp") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _from_query(values: list[str], shape: Shape, path: str) -> Any:
    if isinstance(shape, ListShape):
        return [_text(item, shape.member, path) for item in values]
    return _text(values[0], shape, path)


def _text(value: str, shape: Shape, path: str) -> Any:
    if shape.type_name in ("integer", "long"):
        try:
            return int(value)
        except ValueError:
            raise _unserializable(path, "an integer") from None
    if shape.type_name == "boolean":
        if value not in ("true", "false"):
            raise _unserializable(path, "a boolean")
        return value == "true"
    return _scalar(value, shape.type_name, path)


def _query_value(node: Any, shape: Shape, path: str) -> Any:
    if isinstance(shape, StructureShape):
        if not isinstance(node, dict):
            raise _unserializable(path, "a structure")
        return {
            name: _query_value(item, shape.members[name], name) if name in shape.members else item
            for name, item in node.items()
        }
    if isinstance(shape, ListShape):
        return [_query_value(item, shape.member, path) for item in _entries(node, "member", path)]
    if isinstance(shape, MapShape):
        pairs = _entries(node, "entry", path)
        if not all(isinstance(pair, dict) and isinstance(pair.get("key"), str) for pair in pairs):
            raise _unserializable(path, "a map")
        return {
            pair["key"]: _query_value(pair.get("value", ""), shape.value, path) for pair in pairs
        }
    if not isinstance(node, str):
        raise _unserializable(path, "a value")
    return _text(node, shape, path)


def _entries(node: Any, key: str, path: str) -> list[Any]:
    numbered = node.get(key) if isinstance(node, dict) else None
    if not isinstance(numbered, dict) or not all(n.isdecimal() for n in numbered):
        raise _unserializable(path, "a numbered list")
    return [numbered[n] for n in sorted(numbered, key=int)]
