"""What can be broken in the guard, each as a change of one place in one module, and the tests that must notice."""

from dataclasses import dataclass
from typing import Final

URLS: Final = "tests/tasks/test_hostile_urls.py"
SERVERS: Final = "tests/tasks/test_hostile_servers.py"
GUARD: Final = "tests/tasks/test_guard.py"
CLASSES: Final = "tests/tasks/test_address_classes.py"
REDIRECT: Final = "tests/tasks/test_redirect.py"
FETCH: Final = "tests/tasks/test_fetch.py"
HOSTILE: Final = "tests/tasks/test_fetch_hostile.py"
GRAMMAR: Final = "tests/scans/test_request_grammar.py"
ALLOW: Final = "tests/test_allow_list.py"


@dataclass(frozen=True, slots=True)
class Mutant:
    """``old`` stands once in the module; ``new`` is what a mistake, or a hasty hand, would make of it."""

    name: str
    module: str
    old: str
    new: str
    tests: tuple[str, ...]


def _mutants(module: str, tests: tuple[str, ...], *changes: tuple[str, str, str]) -> list[Mutant]:
    return [Mutant(name, module, old, new, tests) for name, old, new in changes]


MUTANTS: Final = [
    *_mutants(
        "tasks.guard",
        (GUARD, URLS),
        ("no address is judged", "if problem := self._problem(target, is_typed=is_typed):", "if problem := None:"),
        ("only the first address is judged", "in addresses:", "in list(addresses)[:1]:"),
        ("a server may steer into the house", "Profile.LOCAL and is_typed and", "Profile.LOCAL and"),
        ("every place is home", "self.reach.profile is Profile.LOCAL and is_typed", "is_typed"),
        ("a name counts as typed", "return self.is_literal and self.kind in _BY_NAME", "return self.kind in _BY_NAME"),
        ("home is everywhere", "return self.is_literal and self.kind in _BY_NAME", "return self.is_literal"),
        ("localhost is what it says", "return self.kind is AddressClass.LOOPBACK", "return True"),
        ("a network opens metadata", "return rule.is_one_address or", "return True or"),
        ("a name opens all", "rule.has_name(target.host) and target.kind in _BY_NAME", "rule.has_name(target.host)"),
        ("a rule's port is not looked at", "if rule.port not in (None, target.port):", "if False:"),
        ("no port is barred", "if target.port in BARRED_PORTS and", "if False and"),
        ("any rule opens barred ports", "return rule.port == target.port and (", "return ("),
        ("nothing is blocked", "return rule.port in (None, target.port) and (", "return False and ("),
        ("a barred port opens for anybody", "return rule.port == target.port and (rule.has_address(target.reached) or rule.has_name(target.host))", "return rule.port == target.port"),
        ("the dot at the end makes another name", '.removesuffix(".")', ""),
        ("a refusal is retried", "is_permanent=True", "is_permanent=False"),
    ),
    *_mutants(
        "tasks.address_classes",
        (CLASSES,),
        ("metadata in link-local is plain", '"169.254.169.254/32 169.254.170.2/32 169.254.170.23/32 100', '"100'),
        ("Alibaba's metadata is forgotten", " 100.100.100.200/32", ""),
        ("Azure's and Oracle's are forgotten", '"168.63.129.16/32 192.0.0.192/32"', '"168.63.129.17/32"'),
        ("metadata over IPv6 is forgotten", '"fd00:ec2::/32 fd20:ce::254/128 fd00:c1::/32', '"fd00:c1::/32'),
        ("link-local is forgotten", '"169.254.0.0/16 fe80::/10"', '"fe80::/10"'),
        ("link-local of IPv6 is forgotten", '"169.254.0.0/16 fe80::/10"', '"169.254.0.0/16"'),
        ("zero is forgotten", '"0.0.0.0/8 ::/128"', '"::/128"'),
        ("loopback is forgotten", '"127.0.0.0/8 ::1/128"', '"::1/128"'),
        ("loopback is one address", '"127.0.0.0/8 ::1/128"', '"127.0.0.1/32 ::1/128"'),
        ("loopback of IPv6 is forgotten", '"127.0.0.0/8 ::1/128"', '"127.0.0.0/8"'),
        ("10/8 is forgotten", '"10.0.0.0/8 172', '"172'),
        ("172.16/12 is 172.16/16", "172.16.0.0/12", "172.16.0.0/16"),
        ("192.168/16 is forgotten", " 192.168.0.0/16", ""),
        ("ULA is forgotten", " fc00::/7", ""),
        ("site-local is forgotten", " fec0::/10", ""),
        ("carriers' networks are forgotten", '"100.64.0.0/10"', '"100.64.0.0/32"'),
        ("6to4 is forgotten", '"2002::/16 2001::/32', '"2001::/32'),
        ("Teredo is forgotten", "2001::/32 ::/96", "::/96"),
        ("v4-compatible is forgotten", "2001::/32 ::/96", "2001::/32"),
        ("SIIT is forgotten", " ::ffff:0:0:0/96", ""),
        ("local NAT64 is forgotten", " 64:ff9b:1::/48", ""),
        ("multicast is forgotten", '"224.0.0.0/4 ff00::/8"', '"ff00::/8"'),
        ("documentation is forgotten", " 192.0.2.0/24 198.51.100.0/24 203.0.113.0/24", ""),
        ("benchmarks are forgotten", " 198.18.0.0/15", ""),
        ("the future is forgotten", '"240.0.0.0/4 2001', '"2001'),
        ("documentation of IPv6 is forgotten", " 2001:db8::/32 3fff::/20", ""),
        ("protocols of IPv6 are forgotten", " 2001::/23", ""),
        ("all of IPv6 is public", "if address in _GLOBAL_UNICAST else AddressClass.RESERVED", "if True else kind"),
        ("mapped is not unwrapped", "address.ipv4_mapped or (", "("),
        ("NAT64 is not unwrapped", "(_low(address) if address in _NAT64 else None)", "None"),
        ("ISATAP is forgotten", "kind is AddressClass.PUBLIC and _is_isatap(address)", "False"),
        ("ISATAP is known by one sign", "frozenset({0x5EFE, 0x0200_5EFE})", "frozenset({0x5EFE})"),
        ("a tunnel hides metadata", "return next((found for found in inner if found in NEVER_BY_NETWORK), kind)", "return kind"),
        ("a tunnel's end is not looked for", "return (address.sixtofour,)", "return (_low(address),)"),
        ("a Teredo client is not looked for", "return address.teredo or (_low(address),)", "return (_low(address),)"),
    ),
    *_mutants(
        "tasks.connection",
        (GUARD, FETCH, HOSTILE),
        ("nobody stands at the door", "    door(host, [address for _, address in addresses])\n", ""),
        ("the peer is not looked at", "if opened.getpeername()[:2] != address[:2]:", "if False:"),
        ("the name is looked up again", "return _connect(addresses[:_MAX_ADDRESSES]", "return _connect(look_up(host, port, 5)"),
        ("connecting may take for ever", "opened.settimeout(timeout)", "opened.settimeout(None)"),
        ("the first address takes all the time", "meter.left() / (len(addresses) - number)", "meter.left()"),
        ("only one address is tried", "_MAX_ADDRESSES: Final = 3", "_MAX_ADDRESSES: Final = 1"),
        ("a handshake may take for ever", "opened.settimeout(self._meter.left())", "opened.settimeout(None)"),
        ("no certificate is checked", "ssl.create_default_context(cafile=certifi.where())", "ssl._create_unverified_context()"),
        ("any name's certificate will do", "    return context\n", "    context.check_hostname = False\n    return context\n"),
        ("the company's authority is not trusted", "if ca_bundle is not None:", "if False:"),
    ),
    *_mutants(
        "tasks.lookup",
        (HOSTILE,),
        ("a lookup may take for ever", "answers.get(timeout=timeout)", "answers.get()"),
        ("a thread that hangs is asked again", "            self._questions.put(None)\n            if isinstance", "            _idle.append(self)\n            if isinstance"),
    ),
    *_mutants(
        "tasks.meter",
        (SERVERS, FETCH, HOSTILE),
        ("there is no deadline", "return min(self._ends, self._connect_ends) - now", "return 3600.0"),
        ("reading knows no deadline", "self._sock.settimeout(self._meter.silence_left())", "self._sock.settimeout(None)"),
        ("each byte begins the time anew", "return self._ends - now", "return self._timeouts.total"),
        ("the wire has no end", "if self._bytes_left < 0:", "if False:"),
        ("headers have no end", "if self._head_bytes_left < 0:", "if False:"),
        ("headers may be as long as they like", "self._head_bytes_left = MAX_HEAD_BYTES", "self._head_bytes_left = 10**12"),
        ("the end of the connection ends headers", "self._meter.has_ended = True", "pass"),
    ),
    *_mutants(
        "tasks.answer_body",
        (SERVERS, FETCH, HOSTILE),
        ("a bomb is unpacked at once", "unzip.decompress(waiting, _CHUNK_BYTES)", "unzip.decompress(waiting)"),
        ("a body has no end", "if len(body) > max_bytes or", "if"),
        ("crumbs have no end", "or number > _MAX_PARTS:", ":"),
        ("any encoding will do", 'if encoding in ("", "identity"):', "if True:"),
        ("gzip in a million pieces will do", "if members == _MAX_GZIP_MEMBERS:", "if False:"),
        ("any framing will do", 'if framing not in ("chunked", "identity"):', "if False:"),
        ("half a gzip is whole", "if not unzip.eof and (is_begun or not may_be_empty):", "if False:"),
        ("no gzip is an empty gzip", "(is_begun or not may_be_empty)", "is_begun"),
        ("what is not gzip is a fault of ours", "except zlib.error as error:", "except ZeroDivisionError as error:"),
    ),
    *_mutants(
        "tasks.answer_json",
        (SERVERS, FETCH),
        ("values cost nothing", "        _check_cost(text)\n", ""),
        ("objects cost nothing", 'text.count("{") * _OBJECT + ', ""),
        ("lists cost nothing", 'text.count("[") * _LIST + ', ""),
        ("keys cost nothing", "_has_more_keys(text, left // _NEW_KEY)", "False"),
        ("wide letters cost as narrow ones", "(1 if text.isascii() else 2)", "1"),
        ("NaN is a number", "raise ValueError(name)", "pass  # type: ignore[return]"),
        ("depth is a fault of ours", "except (ValueError, RecursionError):", "except ValueError:"),
    ),
    *_mutants(
        "tasks.fetch",
        (FETCH, REDIRECT, HOSTILE, URLS),
        ("redirects have no end", "MAX_REDIRECTS: Final = 5", "MAX_REDIRECTS: Final = 50"),
        ("who is steered still counts as typing", "self.is_typed and stays(request.url, following.url)", "True"),
        ("the URL is not read", "    if problem := check_url(request.url):\n        raise FetchFailed(_invalid(problem))\n", ""),
        ("headers are not read", "if problem := check_headers(request.headers):", "if problem := None:"),
        ("a provisional answer is an answer", "if response.status_code < 200:", "if False:"),
        ("headers that broke off are whole", "if self.meter.has_ended:", "if False:"),
        ("a person sets Accept-Encoding", '"Accept-Encoding": "gzip", ', ""),
        ("answers speak to terminals", "if text.isprintable():", "if True:"),
    ),
    *_mutants(
        "tasks.redirect",
        (REDIRECT, URLS, FETCH),
        ("headers go anywhere", "headers = request.headers if _origin(url) == _origin(request.url) else {}", "headers = request.headers"),
        ("a port is no origin", "return scheme, _host(url), parts.port or _PORTS[scheme]", "return scheme, _host(url), 0"),
        ("a scheme is no origin", "return scheme, _host(url), parts", 'return "", _host(url), parts'),
        ("https leads to http", 'if _scheme(request.url) == "https" and _scheme(url) == "http":', "if False:"),
        ("a body goes anywhere", "if request.body and not stays(request.url, url):", "if False:"),
        ("a Location is not read", "    if problem:\n", "    if False:\n"),
        ("any port of the host is the one that was typed", "(was[2] == is_now[2] or is_upgrade)", "True"),
        ("any host is the one that was typed", "was[1] == is_now[1] and", "True and"),
    ),
    *_mutants(
        "webapp.scans.request_grammar",
        (GRAMMAR, URLS),
        ("URLs have no length", "if len(url) > MAX_URL_LENGTH:", "if False:"),
        ("any character will do", "if bad := _BAD_CHARACTER.search(url):", "if bad := None:"),
        ("any scheme will do", 'if parts.scheme.lower() not in ("http", "https"):', "if False:"),
        ("a password in the URL will do", 'if "@" in parts.netloc:', "if False:"),
        ("percent in a host will do", 'if "%" in parts.netloc:', "if False:"),
        ("port 0 will do", "if port == 0:", "if False:"),
        ("digits may wear circles", 'unicodedata.normalize("NFKC", given)', "given"),
        ("dots may be ideographs", '.replace("\\u3002", ".")', ""),
        ("a number may be a host", "if _NUMBER.fullmatch(labels[-1]):", "if False:"),
        ("hex is no number", r'_NUMBER: Final = re.compile(r"\d+|0x[0-9a-f]*"', r'_NUMBER: Final = re.compile(r"\d+"'),
        ("letters that cannot be encoded will do", "except idna.IDNAError:", "except idna.IDNAError if False else ():"),
        ("headers without number", "if len(headers) > MAX_HEADERS:", "if False:"),
        ("any header name will do", "if not _TOKEN.fullmatch(name):", "if False:"),
        ("a header twice will do", "if lowered in seen:", "if False:"),
        ("any header may be set", "if lowered in _FORBIDDEN or", "if False and"),
        ("line breaks in headers will do", "if not _VISIBLE.fullmatch(value):", "if False:"),
        ("headers without length", "if len(name) + len(value) > MAX_HEADER_BYTES:", "if False:"),
    ),
    *_mutants(
        "webapp.allow_list",
        (ALLOW, GUARD),
        ("a suffix matches longer words", '.removeprefix("*")', '.removeprefix("*.")'),
        ("a name matches what ends so", "else name == self.name", "else name.endswith(self.name)"),
        ("a port may be anything", "if not (given.isascii() and given.isdecimal() and 1 <= int(given) <= 65535):", "if False:"),
        ("an address with a slash is its network", "network = ip_network(place)", "network = ip_network(place, strict=False)"),
        ("mapped IPv4 is IPv6", "if mapped is not None:", "if False:"),
    ),
]  # fmt: skip
