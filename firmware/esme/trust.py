# The two trust anchors: 64 bytes each, x then y of a P-256 public key. The maker's is fixed; the
# supplier's changes with a change of supplier. docs/trust.md says what each protects.
from esme import store

MAKER = "/esme/maker.pub"
SUPPLIER = "/esme/supplier.pub"


def anchors():
    # A missing key is empty, and nothing verifies with an empty key.
    return store.load(MAKER, 64) or b"", store.load(SUPPLIER, 64) or b""
