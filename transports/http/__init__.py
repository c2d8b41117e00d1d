"""HTTP over the network: `Urllib3Transport`, and parts of it that transports for other HTTP clients can use.

Connections, deadlines, response bodies, proxies and error translation belong here. Polling loops, recordings and the
simulator don't.
"""
