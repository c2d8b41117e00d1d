"""Where transitions go: so far, to the command line."""
