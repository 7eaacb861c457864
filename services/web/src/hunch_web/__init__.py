"""The person's own site: one stream, served as pages and feeds.

Read `app` first (what is put together), then `site` (which address does what), then
`answer` (how a request gets its page, its 304 or a stale copy), then `view` and `feed`,
which are pure.
"""
