# The shortest application that is one.
def run(meter):
    meter.confirm()
    while True:
        meter.poll(50)
