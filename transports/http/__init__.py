"""HTTP over the network: `Urllib3Transport`, `AsyncioTransport`, and parts for transports for other HTTP clients.

Connections, deadlines, response bodies, proxies and error translation belong here. Polling loops, recordings and the
simulator don't.
"""
