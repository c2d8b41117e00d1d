"""Requests over the network: `Urllib3Transport`, `AsyncioTransport`, and parts for recipes for other HTTP clients.

Connections, deadlines, response bodies, proxies and the translation of errors belong here. Loops, recordings and the
simulator don't.
"""
