# The shortest application that is one.
def run(meter):
    meter.confirm()
    while True:
        meter.counted()
        meter.poll(50)
