"""What plug-in authors measure and check their domains and curricula with."""

from toolgym.testing.curriculum_check import check_curriculum
from toolgym.testing.domain_check import check_domain, domain_problems

__all__ = ["check_curriculum", "check_domain", "domain_problems"]
