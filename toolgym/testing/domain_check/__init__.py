"""Whether a domain is one: for the tests of whoever writes one."""

from toolgym.testing.domain_check.check import check_domain, domain_problems

__all__ = ["check_domain", "domain_problems"]
