"""Kinds of people (and programs) that visit a site, and how their number changes."""
