"""Takes the claim out of the product, for a drill that must fail: whoever has a wake-up runs the scan, and writes."""

from sqlalchemy import bindparam

from webapp.scans.lifecycle import attempts
from webapp.scans.models import Scan


def take_out_the_claim() -> None:
    """Every statement of an attempt then asks for the scan alone: no state, no attempt number, no token."""
    of_scan = (Scan.id == bindparam("scan_id"),)
    for name in ("_START", "_FINISH", "_RETRY_SOON", "_RETRY_LATER"):
        getattr(attempts, name)._where_criteria = of_scan
