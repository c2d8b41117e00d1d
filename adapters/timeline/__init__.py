"""Timelines of recordings: `timeline` collects the data, `text` and `page` draw it.

Reading recordings belongs in `transports`, and command-line options in `cli`.
"""
