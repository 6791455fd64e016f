"""Whether a domain holds together: for the tests of its author."""

from toolgym.testing.domain_check.check import check_domain, domain_problems

__all__ = ["check_domain", "domain_problems"]
