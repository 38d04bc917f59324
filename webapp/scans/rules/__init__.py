"""What is a good answer: the rule of a scan, and the verdict on an exchange."""

from webapp.scans.rules.judging import judge
from webapp.scans.rules.rule import DEFAULT_RULE, Rule
from webapp.scans.rules.verdict import Condition, Decision, Verdict

__all__ = ["DEFAULT_RULE", "Condition", "Decision", "Rule", "Verdict", "judge"]
