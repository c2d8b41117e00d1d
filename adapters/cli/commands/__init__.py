"""The commands, one module each, with `DESCRIPTION`, `EPILOG`, `add_options` and `run`."""
