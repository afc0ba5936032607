# A meter that updates itself over its network with senko, as that library's own page shows it.
import machine
import senko

updater = senko.Senko(None, None, url="https://updates.example/meter", files=["application.py", "tariff.py"])
if updater.update():
    machine.reset()

import application

application.run()
