"""A service on this machine that plays a scenario or a recording over HTTP.

The scenarios and the pages that it serves belong here; scripted services for tests are in `testing`.
"""
