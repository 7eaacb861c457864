"""Figures that posts of 2008 and 2009 gave, measured again on this machine.

cd loadtest && python -m claims million | random-reads | store | twisted
"""
