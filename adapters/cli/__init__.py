"""The command line: options, credentials, streams, signals and exit statuses. Each command is a file in `commands`.

The wording of items and outcomes is in `phrases`.
"""
