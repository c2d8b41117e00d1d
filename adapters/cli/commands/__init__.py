"""The commands, each with `DESCRIPTION`, `EPILOG`, `add_options` and `run`."""
