"""Readers for recordings of other programs: HAR files, cassettes, and files with response bodies.

Each format has a reader (`har`, `vcr`, `body_files`). `captured` selects the polls of one import among the requests
that a reader supplies. `headers`, `bodies`, `times`, `urls` and `secrets` understand the shapes in which programs write
these parts, and `unread` names formats that are recognized but not read.
"""
