import pytest

from spongewatch import InvalidArgument
from spongewatch.adapters.cli.service_options import naming_options


@pytest.mark.parametrize(
    ("problem", "message"),
    [
        ("base_url must not contain a query", "--base-url must not contain a query"),
        ("service must not be empty", "SERVICE must not be empty"),
    ],
)
def test_an_option_takes_the_place_of_the_parameter_that_an_error_names(problem, message):
    with pytest.raises(InvalidArgument, match=f"^{message}$"), naming_options():
        raise InvalidArgument(problem)
