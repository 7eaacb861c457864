#!/usr/bin/env python3
"""An application that speaks XML-RPC and nothing else.

>>> from xmlrpc.client import ServerProxy
>>> ServerProxy("http://localhost:8080/").arithmetic.add(2, 3)
5
"""

from smisk.mvc import Application, Controller, main
from smisk.serialization import XMLRPC, Registry


class root(Controller):  # noqa: N801 - the name of the root
    def hello(self, name: str = "World"):
        return f"Hello {name}!"


class Arithmetic(root):
    def add(self, a: int, b: int):
        return a + b

    def divide(self, a: float, b: float):
        return a / b


class Calculator(Application):
    root = root
    default_format = "xmlrpc"

    def __init__(self):
        super().__init__()
        self.serializers = Registry([XMLRPC()])
        # Clients of XML-RPC send this; here it can mean nothing else.
        self.serializers.associate(self.serializers.find("xmlrpc"), "text/xml")


if __name__ == "__main__":
    main(Calculator())
