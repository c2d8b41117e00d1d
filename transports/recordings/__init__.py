"""Recordings of watches: traces, read and written, and replays.

`opening` recognizes the format of a file, `trace` reads this library's own format and `trace_writer` writes it, and
`replay` runs a session on recorded responses. Formats of other programs belong in `foreign`. Nothing here polls or
connects.
"""
