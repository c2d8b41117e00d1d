"""Recordings of other programs, read as recordings of a watch: HAR files, cassettes, and files with response bodies.

Each format has a reader (`har`, `vcr`, `body_files`); `captured` decides what is read from their entries.
"""
