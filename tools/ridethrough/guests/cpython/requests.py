"""micropython-lib's `requests`, as far as fetching goes, on the simulated network."""

from __future__ import annotations

import json
from typing import Any

from ridethrough.world.mcu import Mcu
from ridethrough.world.network import FETCH_US


class Response:
    """An answer: `status_code`, `content`, `text`, `json()`, `close()`."""

    def __init__(self, status: int, body: bytes) -> None:
        self.status_code = status
        self.reason = b"OK" if status == 200 else b"Error"
        self.content = body
        self.encoding = "utf-8"

    @property
    def text(self) -> str:
        return self.content.decode()

    def json(self) -> Any:
        return json.loads(self.content)

    def close(self) -> None:
        pass


def module(mcu: Mcu) -> dict[str, Any]:
    """The module's contents for one board."""

    def get(url: str, **kw: Any) -> Response:
        mcu.spend(FETCH_US)
        return Response(*mcu.network.get(url))

    return {"get": get, "Response": Response}
