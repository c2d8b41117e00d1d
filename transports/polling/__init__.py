"""Polling loops: `watch`, `watch_async` and `poll`, and what they deliver to.

A loop sends the requests that a session asks for, sleeps, and delivers emitted items to observers and a recorder.
Decisions about polls and imports belong in `spongewatch.core`. A loop knows transports and recorders by their
protocols only, so HTTP, recordings and the simulator don't belong here.
"""
