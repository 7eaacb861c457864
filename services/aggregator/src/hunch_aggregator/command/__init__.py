"""The subcommands of `hunch`, one module each.

A subcommand has `NAME`, `HELP`, `arguments(parser)` and `run(session) -> exit code`.
"""
