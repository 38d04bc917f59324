"""The drill: a whole stack of its own, killed at random, and a judgement from the database of what that did."""
