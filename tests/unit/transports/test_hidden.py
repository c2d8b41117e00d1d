from spongewatch.transports.hidden import Hidden


def test_its_repr_hides_it_and_nothing_else_does():
    assert (repr(Hidden("s3cret")), [Hidden("s3cret")].__repr__()) == ("<hidden>", "[<hidden>]")
    assert Hidden("s3cret") == "s3cret"
    assert f"{Hidden('s3cret')}" == "s3cret"
