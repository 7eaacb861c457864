"""What holds for all tests."""

import signal


def pytest_configure() -> None:
    """Listen to the signals by which tests end what they started.

    WHY: a script's background job ignores SIGINT, one under nohup SIGHUP, and so do all
    processes that it starts.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
