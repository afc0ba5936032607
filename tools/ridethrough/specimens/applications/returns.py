# Ends, which an application must not.
def run(meter):
    pass
