"""Scheduling: when each source is due. Pure."""

from .due import Outcome, Policy, next_due

__all__ = ["Outcome", "Policy", "next_due"]
