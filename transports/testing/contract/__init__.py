"""The contract of transports as a test suite for pytest.

`suites` has the classes to inherit, which pytest runs against a transport. Each check is one test against a server
on 127.0.0.1, and its message says what was expected and what happened. The checks are split by topic into mixins, one
module each. They are written once for both kinds of transports: `under_test` runs the calls of an asynchronous
transport on an event loop of its own, so that no pytest plugin is needed.

PYTEST_DONT_REWRITE: there are no asserts in this module; it has pytest rewrite those of the modules in this package.
"""

import pytest

pytest.register_assert_rewrite(__name__)
