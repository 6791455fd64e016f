"""What plug-in authors measure and check their domains and curricula with."""

from toolgym.testing.curriculum_check import check_curriculum

__all__ = ["check_curriculum"]
