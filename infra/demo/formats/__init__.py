"""The trail in the formats in which services publish, one module for each family.

Every function takes the posts of one place and the address under which the origin
answers, and returns the document's bytes.
"""
