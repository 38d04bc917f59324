"""How far scans of the tests may go: to what the tests start on loopback."""

from webapp.allow_list import parse_allow_list
from webapp.reach import Reach

#: Two ports are named because nothing listens there; without that they would be refused before anybody is asked.
LOOPBACK = Reach(allow=parse_allow_list("127.0.0.0/8,[::1],127.0.0.1:1,127.0.0.1:9"))
