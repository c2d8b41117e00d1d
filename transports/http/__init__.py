"""Requests over the network: `Urllib3Transport` and the parts that recipes for other HTTP clients use.

Connections, deadlines, response bodies, proxies and the translation of errors belong here. Loops, recordings and the
simulator don't.
"""
