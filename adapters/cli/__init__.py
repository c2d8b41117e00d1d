"""The command line: options, credentials, streams, signals and exit status; one file a command in `commands`."""
