#!/usr/bin/env python3
"""Everything a client can send: query, form, files, cookies, and a session."""

from html import escape

from smisk import Application

PAGE = """<!DOCTYPE html>
<title>Input</title>
<form method="post" enctype="multipart/form-data" action="?from=form">
  <p><input name="text" value="Räksmörgås">
  <p><input type="file" name="file" multiple>
  <p><button>Send</button>
</form>
<pre>{}</pre>
"""


class Input(Application):
    def service(self):
        request = self.request
        session = request.session or {"visits": 0}
        request.session = {"visits": session["visits"] + 1}
        self.response.set_cookie("last-path", "seen", max_age=3600, http_only=True)
        lines = [
            f"method: {request.method}",
            f"url: {request.url}",
            f"get: {request.get}",
            f"post: {request.post}",
            f"cookies: {sorted(request.cookies)}",
            f"visits: {request.session['visits']}",
        ]
        for name, files in request.files.items():
            # A file of any size is on disk already, and leaves when we are done.
            lines += [
                f"file {name}: {file.filename}, {file.content_type}, {file.size} bytes"
                for file in (files if isinstance(files, list) else [files])
            ]
        self.response.write(PAGE.format(escape("\n".join(lines))))


if __name__ == "__main__":
    Input().run()
