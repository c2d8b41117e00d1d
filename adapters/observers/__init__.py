"""Observers that report what a watch emits: to the log, and to callbacks."""
