"""Finds the process to hit: the pool's children, and who of them holds which connection."""

import psutil

from chaos.process import Process


def pool_of(worker: Process, *, pool: str) -> list[psutil.Process]:
    """The processes that run a worker's scans: its children, or itself where its pool is made of threads."""
    try:
        parent = psutil.Process(worker.pid)
        return parent.children() if pool == "prefork" else [parent]
    except psutil.NoSuchProcess:
        return []


def is_scanning(process: psutil.Process, server_port: int) -> bool:
    """Whether it waits for that server's answer, and is awake to take it."""
    try:
        return process.status() != psutil.STATUS_STOPPED and bool(client_ports(process, server_port))
    except psutil.Error:
        return False


def client_ports(process: psutil.Process, server_port: int) -> set[int]:
    """Its ends of the connections that it holds to that server."""
    try:
        found = process.net_connections("tcp")
    except psutil.Error:
        return set()
    return {c.laddr.port for c in found if c.raddr and c.raddr.port == server_port and c.status == "ESTABLISHED"}
