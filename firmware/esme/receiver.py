# Takes an image block by block into the slot that does not run. What can go wrong on the way is
# answered, and `next=` always says where to go on; a broken transfer resumes at most SYNC_BYTES back.
# A slot that holds a verified image is given up for a permit alone, which the supplier has signed:
#   "RTHPMT\r\n" | SHA-256 of the board's id 32 | counter u32 | SHA-256 of the Manufacturer Image 32 | r||s 64
import binascii

import board
from esme import bootrec, events, image, signed, store, trust
from esme.signed import Refused

PERMIT_MAGIC = b"RTHPMT\r\n"
PERMIT_FORM = "<8s32sI32s"

SYNC_BYTES = 16_384  # each sync makes littlefs copy a part-filled block: 4 KiB steps cost 1.125 times
BLOCK_BYTES = 1024


class Receiver:
    def __init__(self, rec, running, quota):
        self._rec = rec
        self._quota = quota
        self._running = running  # the Slot that runs; None in recovery
        self._f = None
        self._next = 0
        self._synced = 0

    def _target(self):
        rec = self._rec
        slot = rec.other()
        named = slot.state >= bootrec.VERIFIED and slot.digest == rec.command_hash
        if rec.phase > bootrec.SCHEDULED or rec.phase == bootrec.SCHEDULED and named:
            raise Refused("busy an activation is stored, armed or on trial")
        return slot

    def close(self):
        if self._f:
            self._f.close()
            self._f = None

    def _permitted(self, permit, ident, feed):
        # Takes a permit in; False if there is none. One that was used already holds for the transfer that it was used
        # for, as long as the slot has nothing verified.
        if not permit:
            return False
        rec = self._rec
        (counter, image_hash), digest = signed.fields(permit, PERMIT_MAGIC, PERMIT_FORM)
        used = counter == rec.permit_counter and image_hash == rec.permit_hash
        if counter <= rec.permit_counter and not (used and rec.other().state < bootrec.VERIFIED):
            raise self._without_permit("counter %d was used" % counter)
        if used:
            return ident == rec.receive_id
        signed.check(permit, digest, feed)
        rec.permit_counter = counter
        rec.permit_hash = image_hash
        return True

    def _without_permit(self, why):
        return Refused("permit counter=%d %s" % (self._rec.permit_counter, why))

    def begin(self, size, ident, permit, feed):
        # Returns the offset to go on from. `permit`: b"" if there is none.
        try:
            return self._begin(size, ident, permit, feed)
        except OSError:
            self.close()
            raise Refused("flash is full or failing")

    def _begin(self, size, ident, permit, feed):
        slot = self._target()
        if size > board.SLOT_BYTES:
            raise Refused("size %d, the slot holds %d" % (size, board.SLOT_BYTES))
        if size < image.OUTER_BYTES + image.PAYLOAD_AT + image.TAIL_BYTES:
            raise Refused("size %d is no image" % size)
        rec = self._rec
        same = rec.receive_id == ident and rec.receive_size == size
        if same and slot.state >= bootrec.VERIFIED:
            self._next = size
            return size
        counter = rec.permit_counter
        permitted = self._permitted(permit, ident, feed)
        if permitted and counter != rec.permit_counter and same and slot.state == bootrec.PARTIAL:
            rec.save()
        if same and self._f:
            # closing it would cost flash each time somebody asks
            return self._next
        self.close()
        self._next = 0
        if same and slot.state == bootrec.PARTIAL:
            self._next = store.size(slot.path)
        if 0 < self._next <= size:
            self._f = open(slot.path, "ab")
        else:
            if not permitted:
                if slot.state >= bootrec.VERIFIED:
                    raise self._without_permit("the slot holds a verified image")
                try:
                    self._quota.take()
                except Refused as e:
                    raise self._without_permit(str(e))
            # First the record, then the slot: what is written over is no longer verified. And the new
            # transfer's name comes last, or a power cut could have it resume upon the old one's bytes.
            self._next = 0
            slot.clear()
            rec.receive_size = 0
            rec.save()
            self._f = open(slot.path, "wb")
            self._f.flush()
            slot.state = bootrec.PARTIAL
            rec.receive_id = ident
            rec.receive_size = size
            rec.save()
        self._synced = self._next
        events.notice("phase receive")
        return self._next

    def block(self, offset, crc, data):
        # Returns the next offset wanted. A repeat is answered as if it were new.
        if self._f is None:
            raise Refused("no transfer: send receive first next=0")
        if len(data) > BLOCK_BYTES or not data:
            raise Refused("length %d next=%d" % (len(data), self._next))
        if binascii.crc32(data) != crc:
            raise Refused("crc next=%d" % self._next)
        if offset > self._next:
            raise Refused("gap next=%d" % self._next)
        if offset + len(data) > self._rec.receive_size:
            raise Refused("beyond size %d next=%d" % (self._rec.receive_size, self._next))
        if offset < self._next:
            if offset + len(data) > self._next:
                raise Refused("overlap next=%d" % self._next)
            return self._next
        try:
            if self._f.write(data) != len(data):
                raise OSError(28)
            self._next += len(data)
            if self._next - self._synced >= SYNC_BYTES:
                self._f.flush()
                self._synced = self._next
        except OSError:
            self.close()
            raise Refused("flash is full or failing")
        return self._next

    def verify(self, feed):
        # Returns the verified Slot. A refused image leaves the running slot as it was.
        rec, slot = self._rec, self._target()
        if slot.state >= bootrec.VERIFIED:
            return slot
        held = self._next if self._f else store.size(slot.path)
        if slot.state != bootrec.PARTIAL or held != rec.receive_size:
            raise Refused("incomplete next=%d" % held)
        self.close()
        events.notice("phase verify")
        maker, supplier = trust.anchors()
        try:
            with open(slot.path, "rb") as f:
                img = image.Image(f, rec.receive_size)
                img.fits(board.HARDWARE)
                if self._running:
                    img.follows(self._running.version, rec.least_counter)
                digest = img.verify(maker, supplier, feed)
            if rec.permit_counter and digest != rec.permit_hash:
                raise self._without_permit("is for another image")
            slot.hold(img, digest)
        except image.BadImage as e:
            # The log before the record: what a power cut undoes is done and logged again.
            events.log(events.IMAGE_REFUSED, str(e))
            slot.clear()
            rec.receive_size = 0
            rec.save()
            events.notice("phase idle")
            raise Refused("8F1C %s" % e)
        events.log(events.IMAGE_VERIFIED, str(binascii.hexlify(slot.digest), "ascii"))
        rec.save()
        events.notice("phase verified")
        return slot
