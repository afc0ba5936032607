"""What one sweep is about: scenario, board, firmware, image, and the limits that a recovery is held to."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property

from ridethrough.boards import Board
from ridethrough.boards.firmware import FACTORY_VERSION, Firmware
from ridethrough.guests.flashfs import fresh_flash
from ridethrough.guests.named import guest_named, is_program
from ridethrough.images.inspect import inspect_image
from ridethrough.images.keys import EMULATED
from ridethrough.images.layout import TAIL_BYTES
from ridethrough.scenarios import Scenario, Step
from ridethrough.scenarios.images import planned_image
from ridethrough.support.errors import BadInput, suggestion
from ridethrough.sweep.flash import LOG, OUTAGE, RECORD, REGISTER, SLOTS, Reader
from ridethrough.sweep.lived import LIVES, Lived
from ridethrough.sweep.raw_flash import RawReader

_PLAIN_BYTES = 8192
_OF_IMAGES = {"push", "activate", "activate again", "activate older", "activate elsewhere", "cancel"}
_UNSWEPT = {*_OF_IMAGES, "set clock", "ask"}
_UNREAD = frozenset(path + ".new" for path in (RECORD, REGISTER, OUTAGE))
_OURS = frozenset(name for path in (RECORD, REGISTER, OUTAGE, *LOG, *SLOTS) for name in (path, path + ".new"))


@dataclass(frozen=True)
class Setting:
    """Shared by every boot of a sweep; the same arguments make the same one in every process."""

    scenario: Scenario
    board: Board
    firmware: Firmware
    guest: str = "cpython"
    """By the name that guests/named.py knows."""
    life: str = ""
    """By its name in LIVES, what the board has gone through before; "": it is fresh."""
    by_page: bool = False
    """Do the pages left in littlefs's metadata tell states apart after every cut, and not after the first alone?"""

    @classmethod
    def load(
        cls,
        scenario: Scenario,
        board: Board,
        firmware: Firmware,
        guest: str = "cpython",
        life: str = "",
        by_page: bool = False,
    ) -> Setting:
        """BadInput if the scenario brings faults of its own, which a sweep would have to sweep over. Of a board that
        has lived, the image is the next one, and the version before it is what a refused one leaves."""
        if life and life not in LIVES:
            raise BadInput(f"no state '{life}' to begin with{suggestion(life, LIVES)}")
        if life and (not firmware.application or is_program(guest)):
            raise BadInput(f"'{life}' is a state of the reference: firmware {firmware.name} has none of it")
        steps = [step.do for step in scenario.steps]
        if life and set(steps) - {"push", "activate", "activate again"}:
            raise BadInput(f"scenario {scenario.name}: of boards that have lived only push and activate can be swept")
        world, plain = scenario.world, type(scenario.world)()
        for name in ("mains", "hub_fitted", "converter", "troubles", "typed", "flash_is_noise"):
            if getattr(world, name) != getattr(plain, name):
                raise BadInput(
                    f"scenario {scenario.name}: it has faults of its own ({name.replace('_', ' ')}); a sweep makes "
                    "them itself: take a scenario without"
                )
        for step in scenario.steps:
            if step.do not in _UNSWEPT:
                raise BadInput(
                    f"scenario {scenario.name}: '{step.do}' cannot be swept: a head-end that lost sight of its "
                    "board must be able to do it again"
                )
        if scenario.image.size > board.slot_bytes:
            raise BadInput(
                f"an image of {scenario.image.size} bytes: board {board.name} has slots of {board.slot_bytes}, and "
                "what is never taken cannot be swept"
            )
        guest_named(guest)
        if not life:
            return cls(scenario, board, firmware, guest, by_page=by_page)
        before = cls(scenario, board, firmware, guest, life).lived
        assert before is not None
        image, shows = scenario.image, scenario.shows
        further = before.version - FACTORY_VERSION
        moved = replace(
            scenario,
            image=replace(image, version=image.version + further, counter=image.counter + further),
            shows=replace(shows, version=None if shows.version is None else shows.version + further),
        )
        found = cls(moved, board, firmware, guest, life, by_page)
        found.__dict__["lived"] = before  # as cached_property keeps it: it takes a second to live through
        return found

    @cached_property
    def lived(self) -> Lived | None:
        """What the board has gone through before."""
        if not self.life:
            return None
        return LIVES[self.life](self.firmware, self.board, self.scenario.image.size or _PLAIN_BYTES)

    def complete(self) -> Setting:
        """The same, with all that it takes from files of this machine."""
        for name in ("lived", "image", "reader", "trusted", "counters"):
            getattr(self, name)
        return self

    @property
    def reference(self) -> bool:
        """Does the firmware take images, and keep the files that the reference keeps? A program does not run it."""
        return bool(self.firmware.application) and not is_program(self.guest)

    @property
    def files(self) -> bool:
        """Does whoever runs keep the firmware's files on the flash? Of a program only the scenario knows."""
        return not is_program(self.guest) or bool(self.scenario.sweep.updates)

    @property
    def steps(self) -> tuple[Step, ...]:
        """What the head-end does: nothing with images that the firmware does not take."""
        return tuple(s for s in self.scenario.steps if self.reference or s.do not in _OF_IMAGES)

    @cached_property
    def image(self) -> bytes:
        """What the head-end sends."""
        if not self.reference:
            return b""
        return planned_image(self.firmware, self.board, self.scenario.image)

    @cached_property
    def reader(self) -> Reader:
        """Reads this board's flash."""
        files = set(self.firmware.fresh_board(self.board))
        changing = _OURS if self.reference else set(self.scenario.sweep.updates)
        outside = LOG if self.reference else self.scenario.sweep.outside
        fresh = self.lived.flash if self.lived else fresh_flash(self.firmware, self.board)
        if not self.files:
            return RawReader(self.board, fresh, frozenset(), ())
        resident = frozenset(files - changing - set(outside))
        if not self.reference:
            return Reader(self.board, fresh, resident, outside)
        return Reader(self.board, fresh, resident, outside, _UNREAD, REGISTER)

    @cached_property
    def trusted(self) -> dict[bytes, int]:
        """SHA-256 of every Manufacturer Image that may run, and its version."""
        found: dict[bytes, int] = {}
        if self.reference:
            factory = self.firmware.fresh_board(self.board)[SLOTS[0]]
            found[manufacturer_digest(factory)] = FACTORY_VERSION
            found |= dict(self.lived.images) if self.lived else {}
            if inspect_image(self.image, EMULATED.supplier.public, EMULATED.maker.public).status == 0:
                found[manufacturer_digest(self.image)] = self.scenario.image.version
        return found

    @cached_property
    def counters(self) -> dict[int, int]:
        """Security counter by version: factory's and the new image's."""
        before = {version: version for _, version in (self.lived.images if self.lived else ())}
        return {FACTORY_VERSION: 1, **before, self.scenario.image.version: self.scenario.image.counter}


def manufacturer_digest(image: bytes) -> bytes:
    """SHA-256 of the Manufacturer Image inside an OTA image; of nothing if there is none."""
    header_bytes = int.from_bytes(image[6:8], "little")
    return hashlib.sha256(image[header_bytes:-TAIL_BYTES]).digest()
