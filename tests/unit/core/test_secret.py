import pickle
import traceback

from spongewatch.core.secret import Secret


def test_a_secret_works_like_any_str():
    secret = Secret("Basic a2V5OnBhc3N3b3Jk")
    assert secret == "Basic a2V5OnBhc3N3b3Jk"
    assert (f"{secret}", str(secret), secret.encode()) == (secret, secret, b"Basic a2V5OnBhc3N3b3Jk")
    assert {secret: 1}["Basic a2V5OnBhc3N3b3Jk"] == 1
    assert pickle.loads(pickle.dumps(secret)) == secret
    assert isinstance(pickle.loads(pickle.dumps(secret)), Secret)


def test_no_repr_shows_it():
    secret = Secret("hunter22")
    for shown in (repr(secret), repr({"authorization": secret}), f"{secret!r}", repr((secret, [secret]))):
        assert "hunter22" not in shown
        assert "******" in shown


def test_an_error_reporter_that_prints_locals_does_not_show_it():
    def fails(password):
        raise ValueError("no")

    try:
        fails(Secret("hunter22"))
    except ValueError as error:
        frames = traceback.TracebackException.from_exception(error, capture_locals=True).stack[1:]
    assert [frame.locals for frame in frames] == [{"password": "'******'"}]
