"""How news of scans travels: from a committed change through Redis pub/sub to the streams of browsers."""
