"""The worker side of Tilldone: the scanner task, its fetch, its news, and the scheduler that wakes what is due."""
