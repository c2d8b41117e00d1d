"""The loops that carry out what a session asks for: `watch`, `watch_async`, `wait`, `wait_async` and `poll`.

A loop decides nothing about the import. It knows transports, clocks, observers and recorders by their protocols alone.
"""
