# Fails as soon as it begins.
def run(meter):
    raise ValueError("a fault of the application's")
