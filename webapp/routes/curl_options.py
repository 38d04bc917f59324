"""What each option of curl means here: a part of the request, a wait, nothing at all, or something that is refused."""

from typing import Final

_NO_FILES: Final = "Tilldone reads no files of yours: paste what is in it"
_NO_PROXY: Final = "Tilldone goes to the target itself, without a proxy"
_NO_TLS: Final = "Tilldone always checks certificates; whoever runs it can add an authority (CA_BUNDLE)"
_NO_CLIENT_CERT: Final = "Tilldone has no client certificates"
_NO_ROUTE: Final = "Tilldone finds the way to a host by itself"
_NO_SIGN_IN: Final = "Tilldone signs in by headers alone, and knows Basic and Bearer"
_NO_FORM: Final = "Tilldone makes no multipart forms; let the browser copy the command, and it has the body ready-made"

#: Short options by their long names.
SHORT: Final = {
    "A": "user-agent", "b": "cookie", "c": "cookie-jar", "C": "continue-at", "d": "data", "D": "dump-header",
    "e": "referer", "E": "cert", "f": "fail", "F": "form", "g": "globoff", "G": "get", "H": "header", "i": "include",
    "I": "head", "j": "junk-session-cookies", "k": "insecure", "K": "config", "L": "location", "m": "max-time",
    "n": "netrc", "N": "no-buffer", "o": "output", "O": "remote-name", "p": "proxytunnel", "q": "disable",
    "r": "range", "R": "remote-time", "s": "silent", "S": "show-error", "T": "upload-file", "u": "user",
    "U": "proxy-user", "v": "verbose", "w": "write-out", "x": "proxy", "X": "request", "Y": "speed-limit",
    "y": "speed-time", "Z": "parallel", "0": "http1.0", "1": "tlsv1", "2": "sslv2", "3": "sslv3", "4": "ipv4",
    "6": "ipv6", "#": "progress-bar", ":": "next", "J": "remote-header-name",
}  # fmt: skip

#: Those that take a value and say what is asked, or how long.
VALUED: Final = frozenset(
    "request header data data-raw data-ascii data-binary data-urlencode json url user user-agent referer cookie range "
    "oauth2-bearer max-time connect-timeout retry retry-delay retry-max-time".split()
)
#: Those without a value that change what is asked.
SWITCHES: Final = frozenset("get head globoff next".split())
#: Those that change nothing here: what they ask for is always done, or is about the terminal.
IGNORED: Final = frozenset(
    "compressed location silent show-error verbose include fail fail-with-body fail-early no-buffer progress- "
    "bar no-progress-meter http1.0 http1.1 http2 http2-prior-knowledge http3 ipv4 ipv6 tlsv1 tlsv1.0 tlsv1.1 "
    "tlsv1.2 tlsv1.3 remote-name remote-time remote-header-name parallel disable retry-connrefused retry-all- "
    "errors path-as-is tcp-nodelay junk-session-cookies no-keepalive styled-output create-dirs ssl-no-revoke "
    "ssl-revoke-best-effort basic".split()
)
IGNORED_VALUED: Final = frozenset(
    "output write-out cookie-jar dump-header speed-limit speed-time limit-rate max-redirs keepalive-time stderr trace "
    "trace-ascii max-filesize ciphers tls-max rate output-dir parallel-max".split()
)
REFUSED: Final = {
    "insecure": _NO_TLS, "doh-insecure": _NO_TLS, "sslv2": _NO_TLS, "sslv3": _NO_TLS, "proxytunnel": _NO_PROXY,
    "proxy-insecure": _NO_PROXY, "negotiate": _NO_SIGN_IN, "ntlm": _NO_SIGN_IN, "digest": _NO_SIGN_IN,
    "anyauth": _NO_SIGN_IN, "netrc": _NO_FILES, "netrc-optional": _NO_FILES, "location-trusted":
    "Tilldone keeps headers to the origin that they were given for",
}  # fmt: skip
REFUSED_VALUED: Final = {
    "form": _NO_FORM, "form-string": _NO_FORM, "upload-file": _NO_FILES, "config": _NO_FILES, "netrc-file": _NO_FILES,
    "cacert": _NO_TLS, "capath": _NO_TLS, "pinnedpubkey": _NO_TLS, "cert": _NO_CLIENT_CERT, "key": _NO_CLIENT_CERT,
    "cert-type": _NO_CLIENT_CERT, "pass": _NO_CLIENT_CERT, "proxy": _NO_PROXY, "preproxy": _NO_PROXY,
    "proxy-user": _NO_PROXY, "proxy-header": _NO_PROXY, "socks4": _NO_PROXY, "socks4a": _NO_PROXY,
    "socks5": _NO_PROXY, "socks5-hostname": _NO_PROXY, "noproxy": _NO_PROXY, "resolve": _NO_ROUTE,
    "connect-to": _NO_ROUTE, "interface": _NO_ROUTE, "unix-socket": _NO_ROUTE, "abstract-unix-socket": _NO_ROUTE,
    "dns-servers": _NO_ROUTE, "doh-url": _NO_ROUTE, "local-port": _NO_ROUTE, "aws-sigv4": _NO_SIGN_IN,
    "continue-at": "Tilldone asks for whole answers", "request-target": _NO_ROUTE,
    "variable": "it is a variable that only curl knows",
}  # fmt: skip

WITH_VALUE: Final = VALUED | IGNORED_VALUED | REFUSED_VALUED.keys()
WITHOUT_VALUE: Final = SWITCHES | IGNORED | REFUSED.keys()
WHY_REFUSED: Final = REFUSED | REFUSED_VALUED
