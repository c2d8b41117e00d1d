"""The live block on a terminal: its text, its clocks, and how it is drawn."""
