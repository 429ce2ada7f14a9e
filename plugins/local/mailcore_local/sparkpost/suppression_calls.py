"""
The calls below `/suppression-list`.
"""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.responses import JSONResponse, Response

from mailcore_local.sparkpost.calls import Call
from mailcore_local.sparkpost.errors import PlainError
from mailcore_local.sparkpost.models import Suppression, read
from mailcore_local.sparkpost.recipients import MAX_RECIPIENTS
from mailcore_local.sparkpost.suppressions import SuppressionList, checked_type


class SuppressionCalls:
    """
    What the API asks of a suppression list.

    Args:
        suppressions: The list that is asked and changed.
    """

    def __init__(self, suppressions: SuppressionList) -> None:
        self._list = suppressions

    def search(self, call: Call) -> Response:
        """
        A page of the list.
        """
        entries, count, cursor = self._list.search(call.request.query_params)
        links = []
        if cursor:
            query = urlencode({**call.request.query_params, "cursor": cursor})
            links = [{"href": f"/api/v1/suppression-list?{query}", "rel": "next"}]
        results = [entry.document() for entry in entries]
        return JSONResponse({"results": results, "links": links, "total_count": count})

    def summary(self, call: Call) -> Response:
        """
        How many entries each source has made.
        """
        return JSONResponse({"results": self._list.summary()})

    def show(self, call: Call) -> Response:
        """
        The entries of an address.
        """
        entries = self._list.of(call.request.path_params["recipient"])
        if not entries:
            raise PlainError("Recipient could not be found", 404)
        results = [entry.document() for entry in entries]
        return JSONResponse({"results": results, "links": [], "total_count": len(results)})

    def put_many(self, call: Call) -> Response:
        """
        Put up to 10,000 addresses on the list.
        """
        given = call.body.get("recipients") if isinstance(call.body, dict) else None
        if not isinstance(given, list) or not given:
            raise PlainError("PUT body must have an array of recipients", 400)
        if len(given) > MAX_RECIPIENTS:
            raise PlainError(f"PUT body may have up to {MAX_RECIPIENTS} recipients", 400)
        entries: list[Suppression] = [read(Suppression, each, "recipients") for each in given]
        malformed = [entry.recipient for entry in entries if "@" not in entry.recipient]
        if malformed:
            listed = ", ".join(malformed[:20])
            message = f"PUT body contains {len(malformed)} invalid or malformed recipient(s): "
            raise PlainError(message + listed, 400)
        for kind in [entry.type for entry in entries]:
            checked_type(kind)
        for entry in entries:
            self._list.put(
                entry.recipient, str(entry.type), "Manually Added", entry.description or ""
            )
        return JSONResponse({"results": {"message": "Suppression List successfully updated"}})

    def put(self, call: Call) -> Response:
        """
        Put an address on the list.
        """
        recipient = call.request.path_params["recipient"]
        fields = call.body if isinstance(call.body, dict) else {}
        kind = checked_type(fields.get("type"))
        if "@" not in recipient:
            raise PlainError(f"Recipient is invalid or malformed: {recipient[:100]}", 400)
        description = str(fields.get("description") or "")
        self._list.put(recipient, kind, "Manually Added", description)
        return JSONResponse({"results": {"message": "Suppression list successfully updated"}})

    def delete(self, call: Call) -> Response:
        """
        Take an address off the list.
        """
        given = call.body.get("type") if isinstance(call.body, dict) else None
        kind = None if given is None else checked_type(given)
        self._list.delete(call.request.path_params["recipient"], kind)
        return Response(status_code=204)
