"""The process: sockets, clients, rounds; the only part that knows the network."""
