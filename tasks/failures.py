"""What went wrong on the way to a target: each error of the network as a code and a sentence."""

import errno
import socket
import ssl
from typing import Final

from webapp.scans.exchange import Failure
from webapp.scans.states import ErrorCode, Outcome

#: OpenSSL's verify codes; see ``man X509_STORE_CTX_get_error``.
_WRONG_HOST: Final = {62, 64}
_EXPIRED: Final = {9, 10}
_SELF_SIGNED: Final = {18, 19}
_UNREACHABLE: Final = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.ENETDOWN, errno.EHOSTDOWN}


class FetchFailed(Exception):
    """The exchange cannot go on; carries why."""

    def __init__(self, failure: Failure) -> None:
        self.failure = failure
        super().__init__(failure.message)


def timeout_failure(seconds: float) -> Failure:
    return Failure(Outcome.TIMED_OUT, ErrorCode.TIMEOUT, f"No whole answer within {seconds:.3g} s.")


def connect_timeout_failure(seconds: float) -> Failure:
    return Failure(Outcome.TIMED_OUT, ErrorCode.TIMEOUT, f"No connection within {seconds:.3g} s.")


def read_timeout_failure(seconds: float) -> Failure:
    return Failure(Outcome.TIMED_OUT, ErrorCode.TIMEOUT, f"The server said nothing for {seconds:.3g} s.")


def dns_failure(error: OSError, host: str) -> Failure:
    if isinstance(error, TimeoutError):
        words = f"The lookup of {host} took too long."
    elif isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN:
        words = f"The lookup of {host} failed: the name server did not answer."
    else:
        words = f"No such host: {host} could not be found."
    return _network(ErrorCode.DNS_LOOKUP_FAILED, words)


def connect_failure(error: OSError, host: str, port: int, time_is_over: Failure) -> Failure:
    if isinstance(error, TimeoutError):
        return time_is_over
    if isinstance(error, ConnectionRefusedError):
        return _network(ErrorCode.CONNECTION_REFUSED, f"Nothing listens at {host}:{port}: the connection was refused.")
    if error.errno in _UNREACHABLE:
        return _network(ErrorCode.HOST_UNREACHABLE, f"{host} cannot be reached from here.")
    return socket_failure(error, time_is_over)


def peer_failure(address: str) -> Failure:
    words = f"The connection that was opened to {address} is one to another address. Nothing was sent."
    return Failure(Outcome.REFUSED, ErrorCode.REFUSED_BY_POLICY, words, is_permanent=True)


def socket_failure(error: OSError, time_is_over: Failure) -> Failure:
    """For a connection that was open."""
    if isinstance(error, TimeoutError):
        return time_is_over
    if isinstance(error, ConnectionResetError | BrokenPipeError | ConnectionAbortedError):
        return _network(ErrorCode.CONNECTION_RESET, "The server reset the connection.")
    if isinstance(error, ssl.SSLEOFError):
        return closed_failure()
    if isinstance(error, ssl.SSLError):
        return _network(ErrorCode.SSL_ERROR, "The encrypted connection broke.")
    return _network(ErrorCode.UNKNOWN, f"The connection failed: {error.strerror or type(error).__name__}.")


def tls_failure(error: OSError, host: str, time_is_over: Failure) -> Failure:
    """For a handshake that did not come to its end."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _certificate_failure(error, host)
    if isinstance(error, TimeoutError):
        return time_is_over
    if isinstance(error, ssl.SSLError):
        words = f"{host} does not speak TLS as expected; perhaps it is a plain http:// address."
        return _network(ErrorCode.SSL_ERROR, words)
    return socket_failure(error, time_is_over)


def _certificate_failure(error: ssl.SSLCertVerificationError, host: str) -> Failure:
    if error.verify_code in _WRONG_HOST:
        words = f"The certificate is for another name than {host}."
        return _network(ErrorCode.SSL_WRONG_HOST, words, is_permanent=True)
    if error.verify_code in _EXPIRED:
        return _network(ErrorCode.SSL_CERT_EXPIRED, f"The certificate of {host} is not valid at this time.")
    if error.verify_code in _SELF_SIGNED:
        words = f"The certificate of {host} is signed by nobody that is trusted here."
        return _network(ErrorCode.SELF_SIGNED_CERT, words, is_permanent=True)
    words = f"The certificate of {host} cannot be trusted ({error.verify_message})."
    return _network(ErrorCode.SSL_ERROR, words, is_permanent=True)


def closed_failure() -> Failure:
    return _network(ErrorCode.SOCKET_CLOSED, "The server closed the connection before its answer was complete.")


def garbage_failure(words: str = "What the server sent is not HTTP.", *, is_permanent: bool = False) -> Failure:
    return _network(ErrorCode.BAD_RESPONSE, words, is_permanent=is_permanent)


def _network(code: ErrorCode, words: str, *, is_permanent: bool = False) -> Failure:
    return Failure(Outcome.NETWORK_ERROR, code, words, is_permanent)
