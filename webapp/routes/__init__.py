"""The HTTP side: parse, one call of the core, answer; one blueprint a file."""
