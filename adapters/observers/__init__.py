"""Observers: callables that a loop calls with each emitted item.

An observer reports; it makes no decisions about the watch.
"""
