# Confirms nothing and never comes back.
def run(meter):
    while True:
        pass
