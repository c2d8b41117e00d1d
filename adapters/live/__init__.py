"""The live block that `watch` and `replay --speed` show on a terminal: its text, its clocks, and the drawing.

Only `output` writes to the terminal. The wording is in `phrases`.
"""
