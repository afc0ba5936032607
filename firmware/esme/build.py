# What a build leaves out; `ridethrough flash --product` writes another one of these.
REPL = True  # does Ctrl-C lead to a prompt?
