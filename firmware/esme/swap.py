# A flash that was cut off in the middle: what `ridethrough flash` had staged and verified comes into place before
# anything of it is imported, so that no boot mixes two versions of the library.
import os

STAGE = "/stage"
_ENOENT = 2


def finish():
    try:
        with open(STAGE + "/plan") as f:
            plan = f.read().split("\n")
    except OSError:
        return
    whole = True
    for path in plan:
        try:
            if path[:1] == "-":
                _remove(path[1:])
            elif path:
                os.rename(STAGE + path, path)
        except OSError as e:
            # what is not there has come so far already; whatever else it is, the next start tries again
            whole = whole and e.args[0] == _ENOENT
    if whole:
        try:
            _remove(STAGE)
        except OSError:
            pass


def _remove(path):
    if os.stat(path)[0] & 0x4000:
        # the plan goes first: what is left without it, the next flash clears
        for name in sorted(os.listdir(path), key=lambda one: one != "plan"):
            _remove(path + "/" + name)
        os.rmdir(path)
    else:
        os.remove(path)
