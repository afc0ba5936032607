# The firmware's `__main__`: the shim gives boot.py and main.py the names of this module, which has none.
