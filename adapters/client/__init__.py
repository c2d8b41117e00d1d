"""The front door: one object that begins imports, watches them and downloads their contacts.

The clients decide nothing themselves: requests, responses and repetitions are the core's, loops and transports are
those of `spongewatch.transports`.
"""
