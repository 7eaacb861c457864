"""The FastCGI study: server models against numbers of processes, behind one edge.

    python -m study            from the folder above; see `__main__.py`

Which file to read first: `plan.py` (what is measured), `visit.py` (one measurement from
start to stop), `verdict.py` (what the figures say).
"""
