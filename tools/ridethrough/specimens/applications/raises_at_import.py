# Fails before it begins.
raise ValueError("at import")


def run(meter):
    pass
