"""Timelines of recordings: what happened when, as text and as an HTML page."""
