"""What the tests stand on: a server, a gateway, a wire."""

# Seconds after which what has not come is taken never to come. How fast it comes is not what the tests look at: a busy machine
# takes its time, and only what hangs gets this far.
PATIENCE = 60.0
