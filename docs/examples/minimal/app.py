#!/usr/bin/env python3
"""The smallest application: one method, one line."""

from smisk import Application


class MyApp(Application):
    def service(self):
        self.response.write("Hello World!")


if __name__ == "__main__":
    MyApp().run()
