"""A simulated CloudSponge on this machine, which plays a scenario or a recording over HTTP.

`Simulator` ties the parts together. `scenarios` holds what can be played by name, `playback` turns a scenario or a
recording into one result a poll, `received` reads requests, `service` responds to them, `pages` writes the bodies,
`server` speaks HTTP, and `ledger` keeps the requests for `Simulator.requests`. Scripted services for tests are in
`spongewatch.transports.testing`.
"""
