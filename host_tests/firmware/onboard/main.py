# Runs every test of the modules in /tests on the board and says how each went.
import os
import sys

sys.path.append("/tests")
for name in sorted(os.listdir("/tests")):
    if not name.startswith("test_"):
        continue
    module = __import__(name[:-3])
    for test in sorted(dir(module)):
        if test.startswith("test_"):
            try:
                getattr(module, test)()
                print("PASS", name[:-3], test)
            except Exception as e:
                print("FAIL", name[:-3], test, type(e).__name__, e)
print("DONE")
