"""What the suites share: the server process, clients, the faulty proxy, and the arithmetic of the books."""
