"""What a page needs to know, computed from items and nothing else.

Pure functions: an `Item` (and the moment, the site, the names of its sources) goes in,
a frozen record comes out that a template can print without asking further questions.
Nothing in here opens a connection, reads a clock or knows a controller.
"""
