"""The web side of Tilldone: what a scan is, how news of it travels, and the pages that show it."""
