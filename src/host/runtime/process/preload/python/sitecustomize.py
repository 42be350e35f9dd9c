"""Loaded into every Python program of a machine (PYTHONPATH): what it binds on all interfaces or on localhost goes to the machine's own address,
and what it says to localhost on these ports comes back to itself. The sitecustomize that it hides is loaded after it."""

import os
import sys

_here = os.path.dirname(os.path.abspath(__file__))


def _install(address, ports):
    import socket

    any_or_local = {"", "0.0.0.0", "127.0.0.1", "::", "::1", "localhost", "::ffff:127.0.0.1", "::ffff:0.0.0.0"}
    real_bind, real_connect, real_connect_ex = socket.socket.bind, socket.socket.connect, socket.socket.connect_ex
    own = dict(ports)

    def is_moved(host):
        return not str(host).startswith("127.") or host in (address, "127.0.0.1")

    def bind(self, where):
        if self.family not in (socket.AF_INET, socket.AF_INET6) or not is_moved(where[0]):
            return real_bind(self, where)
        port = where[1]
        # A datagram port of the system's choice belongs to a client, which must be able to send to the outside.
        if port == 0 and self.type & socket.SOCK_DGRAM:
            return real_bind(self, where)
        own.setdefault(port, port)
        if self.family == socket.AF_INET:
            return real_bind(self, (address, own[port]))
        if self.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY):
            # The twin of an IPv4 socket (asyncio opens both): it only has to be somewhere.
            return real_bind(self, ("::1", 0))
        return real_bind(self, ("::ffff:" + address, own[port]))

    def target(self, where):
        if self.family not in (socket.AF_INET, socket.AF_INET6) or where[1] not in own or where[0] not in any_or_local:
            return where
        return (("::ffff:" if self.family == socket.AF_INET6 else "") + address, own[where[1]])

    socket.socket.bind = bind
    socket.socket.connect = lambda self, where: real_connect(self, target(self, where))
    socket.socket.connect_ex = lambda self, where: real_connect_ex(self, target(self, where))


def _chain():
    import importlib.machinery
    import importlib.util

    elsewhere = [path for path in sys.path if os.path.abspath(path or ".") != _here]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", elsewhere)
    if spec is not None and spec.loader is not None:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


def _ports(text):
    for pair in filter(None, text.split(",")):
        inside, _, outside = pair.partition(":")
        yield int(inside), int(outside or inside)


if "KANTE_BIND_ADDRESS" in os.environ:
    _install(os.environ["KANTE_BIND_ADDRESS"], list(_ports(os.environ.get("KANTE_BIND_PORTS", ""))))
_chain()
