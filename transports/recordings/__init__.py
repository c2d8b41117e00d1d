"""Recorded watches: the native trace, read and written, and its replay.

`opening` decides what a file is. Formats of other programs belong in `foreign`. Nothing here polls or connects.
"""
